import { Fault } from "../../shared/errors.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Engine, PayloadKey, Submission, SummaryQuery } from "../../shared/ports.ts";
import type { FaultPoint } from "../../functions/fault-points.ts";
import type { Summary } from "../../shared/head.ts";
import { pageOf, type Store, type StoredPayload } from "./store.ts";
import * as heads from "./store-heads.ts";
import * as operations from "./store-operations.ts";
import * as queue from "./store-queue.ts";

/**
 * Carries one call of a process to the store and its answer back. `effect` is all that the store does for it, at once; whether and
 * when it runs, and whether the process learns of it, is the gate's affair.
 */
export type Gate = <T>(call: string, effect: () => T) => Promise<T>;

export interface EngineOptions {
  readonly store: Store;
  readonly gate: Gate;
  /** The clock of the process, ms since the epoch. */
  readonly now: () => number;
  readonly reach: (point: FaultPoint) => void | Promise<void>;
  /** Whether this message is put into the queue twice. */
  readonly isDoubled: () => boolean;
}

const payloadKey = ({ operationId, requestHash }: PayloadKey): string => `${operationId} ${requestHash}`;
const keyOf = ({ id, requestHash }: Operation): string => payloadKey({ operationId: id, requestHash });

const headsOf = ({ store, gate, now }: EngineOptions): Engine["heads"] => ({
  read: (patientId) => gate("heads.read", () => store.heads.get(patientId)?.head),
  acquire: (patientId, owner) => gate("heads.acquire", () => heads.acquire(store, { patientId, owner, now: now() })),
  release: (patientId, owner) => gate("heads.release", () => heads.release(store, patientId, owner)),
  settle: (settlement) => gate("heads.settle", () => heads.settle(store, settlement)),
  compact: (compaction) => gate("heads.compact", () => heads.compact(store, compaction)),
  list: (page) =>
    gate("heads.list", () => pageOf([...store.heads.keys()].toSorted(), page, { key: (id) => id, item: (id) => id })),
});

/** Rows, then the payloads that are kept apart: a row may be settled in between. */
const getAsked = async ({ store, gate }: EngineOptions, ids: readonly string[]) => {
  const found = await gate("operations.getAsked", () =>
    ids.map((id) => {
      const stored = store.operations.get(id);
      return stored && { operation: stored.row, payload: stored.row.state === "queued" ? stored.payload : undefined };
    }),
  );
  const isApart = (one: (typeof found)[number]): boolean =>
    one?.operation.state === "queued" && one.payload === undefined;
  if (!found.some(isApart)) return found;
  return gate("payloads.get", () =>
    found.map((one) =>
      one && isApart(one)
        ? { operation: one.operation, payload: store.payloads.get(keyOf(one.operation))?.bytes }
        : one,
    ),
  );
};

const operationsOf = (options: EngineOptions): Engine["operations"] => {
  const { store, gate } = options;
  return {
    get: (ids) => gate("operations.get", () => ids.map((id) => store.operations.get(id)?.row)),
    getAsked: (ids) => getAsked(options, ids),
    list: (query) => gate("operations.list", () => operations.list(store, query)),
    countQueued: (patientId, limit) =>
      gate("operations.countQueued", () => operations.countQueued(store, patientId, limit)),
    listQueued: (before, page) => gate("operations.listQueued", () => operations.listQueued(store, before, page)),
    laterSettled: (patientId, submittedAt) =>
      gate("operations.laterSettled", () => operations.laterSettled(store, patientId, submittedAt)),
    setTries: (id, attempt, tries) =>
      gate("operations.setTries", () => operations.setTries(store, id, { attempt, tries })),
    park: (outcome) => gate("operations.park", () => operations.park(store, outcome)),
    redrive: (id) => gate("operations.redrive", () => operations.redrive(store, id)),
    dismiss: (outcome) => gate("operations.dismiss", () => operations.dismiss(store, outcome)),
  };
};

/** A payload is needed while its operation may run: not of another request, nor when a twin of ours is settled. */
const isNeeded = ({ requestHash }: Operation, standing: Operation): boolean =>
  standing.requestHash === requestHash && (standing.state === "queued" || standing.state === "parked");

/** Payload (in the row or before it), row, message: a call each, so that a process can end in between. */
const submit = async (
  { store, gate, now, reach, isDoubled }: EngineOptions,
  { operation, payload }: Submission,
): ReturnType<Engine["intake"]["submit"]> => {
  const { id, patientId, attempt, requestHash } = operation;
  const key = keyOf(operation);
  const inRow = payload.length <= store.settings.rowTakesBytes;
  if (!inRow)
    await gate("intake.payload", () => {
      const stored = { operationId: id, requestHash, bytes: payload, storedAt: now() };
      if (!store.payloads.has(key)) store.payloads.set(key, stored);
    });
  await reach("after-payload");
  const standing = await gate("intake.row", () => operations.insert(store, operation, inRow ? payload : undefined));
  if (standing !== undefined) {
    if (!inRow && !isNeeded(operation, standing)) await gate("payloads.delete", () => store.payloads.delete(key));
    return { operation: standing, created: false };
  }
  await reach("after-operation-row");
  await gate("queue.send", () => queue.send(store, { operationId: id, patientId, attempt }, isDoubled()));
  await reach("after-send");
  return { operation, created: true };
};

const placeOfPayload = ({ storedAt, ...key }: StoredPayload): string =>
  `${new Date(storedAt).toISOString()} ${payloadKey(key)}`;

const listedPayload = ({ operationId, requestHash, storedAt }: StoredPayload) => ({
  operationId,
  requestHash,
  storedAt: new Date(storedAt).toISOString(),
});

const payloadsOf = ({ store, gate }: EngineOptions): Engine["payloads"] => ({
  get: (keys) =>
    gate("payloads.get", () =>
      keys.map((key) => {
        const stored = store.operations.get(key.operationId);
        const inRow = stored?.row.requestHash === key.requestHash ? stored.payload : undefined;
        return inRow ?? store.payloads.get(payloadKey(key))?.bytes;
      }),
    ),
  delete: (keys) =>
    gate("payloads.delete", () => {
      for (const key of keys) store.payloads.delete(payloadKey(key));
    }),
  deleteSettled: async (ids) => {
    const rows = await gate("operations.get", () => ids.map((id) => store.operations.get(id)?.row));
    const settled = rows.filter((row) => row?.state === "committed" || row?.state === "rejected") as Operation[];
    if (settled.length > 0) {
      await gate("payloads.delete", () => {
        for (const row of settled) store.payloads.delete(keyOf(row));
      });
    }
    return settled;
  },
  listOlder: (before, page) =>
    gate("payloads.listOlder", () => {
      const found = [...store.payloads.values()]
        .filter((one) => one.storedAt < Date.parse(before) && placeOfPayload(one) > (page.after ?? ""))
        .toSorted((a, b) => (placeOfPayload(a) < placeOfPayload(b) ? -1 : 1));
      return pageOf(found, { limit: page.limit }, { key: placeOfPayload, item: listedPayload });
    }),
});

const queueOf = ({ store, gate, isDoubled }: EngineOptions): Engine["queue"] => ({
  send: (message) => gate("queue.send", () => queue.send(store, message, isDoubled())),
  receive: (max) => gate("queue.receive", () => queue.receive(store, store.queue, max)),
  delete: (receipts) => gate("queue.delete", () => queue.remove(store, store.queue, receipts)),
  delay: (receipts, seconds) => gate("queue.delay", () => queue.delay(store, receipts, seconds)),
  deadLetters: {
    receive: (max) => gate("deadLetters.receive", () => queue.receive(store, store.deadLetters, max)),
    delete: (receipts) => gate("deadLetters.delete", () => queue.remove(store, store.deadLetters, receipts)),
  },
  depth: () => gate("queue.depth", () => queue.depth(store)),
});

const segmentsOf = ({ store, gate }: EngineOptions): Engine["segments"] => {
  const of = (patientId: string): Map<string, Uint8Array> => {
    const found = store.segments.get(patientId) ?? new Map<string, Uint8Array>();
    store.segments.set(patientId, found);
    return found;
  };
  return {
    put: (patientId, id, bytes) => gate("segments.put", () => void of(patientId).set(id, bytes.slice())),
    get: (patientId, id, range) =>
      gate("segments.get", () => {
        const bytes = of(patientId).get(id);
        if (bytes === undefined) {
          store.observer.seen("segment gone under a reader");
          throw new Fault("segment-missing", "a segment is gone: read the head again", { segmentId: id });
        }
        return range === undefined ? bytes.slice() : bytes.slice(range.from, range.to);
      }),
    delete: (patientId, ids) =>
      gate("segments.delete", () => {
        for (const id of ids) of(patientId).delete(id);
        store.observer.moved(patientId);
      }),
    list: (patientId) =>
      gate("segments.list", () => Array.from(of(patientId), ([id, { length }]) => ({ id, bytes: length }))),
  };
};

const matches = (store: Store, query: SummaryQuery, summary: Summary): boolean => {
  const { updatedSince, normalisedFamilyPrefix, identifier, birthDate, patientIds } = query;
  return (
    (updatedSince === undefined || summary.updatedAt >= updatedSince) &&
    (normalisedFamilyPrefix === undefined || summary.normalisedFamily.startsWith(normalisedFamilyPrefix)) &&
    (identifier === undefined || store.identifiers.get(heads.identifierKey(identifier)) === summary.patientId) &&
    (birthDate === undefined || summary.birthDate === birthDate) &&
    (patientIds === undefined || patientIds.includes(summary.patientId))
  );
};

const placeOf = ({ updatedAt, patientId }: Summary): string => `${updatedAt} ${patientId}`;

const summariesOf = ({ store, gate }: EngineOptions): Engine["summaries"] => ({
  get: (patientId) => gate("summaries.get", () => store.summaries.get(patientId)),
  find: (query) =>
    gate("summaries.find", () => {
      const found = [...store.summaries.values()]
        .filter((summary) => matches(store, query, summary))
        .filter((summary) => query.after === undefined || placeOf(summary) > query.after)
        .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      return pageOf(found, { limit: query.limit }, { key: placeOf, item: (summary) => summary });
    }),
});

const effectsOf = ({ store, gate }: EngineOptions): Engine["effects"] => ({
  pending: (limit) => gate("effects.pending", () => [...store.effects.values()].slice(0, limit)),
  done: (ids) =>
    gate("effects.done", () => {
      for (const id of ids) store.effects.delete(id);
    }),
});

/** The ports of one process, on a store that all processes share. */
export const simulatedEngine = (options: EngineOptions): Engine => ({
  heads: headsOf(options),
  operations: operationsOf(options),
  intake: { submit: (submission) => submit(options, submission), send: queueOf(options).send },
  payloads: payloadsOf(options),
  queue: queueOf(options),
  segments: segmentsOf(options),
  summaries: summariesOf(options),
  effects: effectsOf(options),
  limits: options.store.settings.limits,
  ping: () => options.gate("ping", () => undefined),
  close: async () => undefined,
});
