import { Fault } from "../../shared/errors.ts";
import type { Operation, Outcome } from "../../shared/operation.ts";
import type { Listed, OperationQuery, Page } from "../../shared/ports.ts";
import { pageOf, type Store } from "./store.ts";
import { writeOutcome } from "./store-heads.ts";

const moved = (id: string): Fault =>
  new Fault("operations-moved", "the operation is not in the expected state", { operationIds: [id] });

/** Adds the row if there is none of its id; else gives the one that stands. */
export const insert = (store: Store, operation: Operation, payload?: Uint8Array): Operation | undefined => {
  const standing = store.operations.get(operation.id)?.row;
  if (standing !== undefined) return standing;
  store.operations.set(operation.id, { row: operation, order: (store.numbers += 1), payload });
  store.observer.inserted(operation);
  return undefined;
};

/** Oldest first by submission, then by insertion. */
const inOrder = (store: Store, keep: (row: Operation) => boolean): readonly Operation[] =>
  [...store.operations.values()]
    .filter(({ row }) => keep(row))
    .toSorted((a, b) =>
      a.row.submittedAt === b.row.submittedAt ? a.order - b.order : a.row.submittedAt < b.row.submittedAt ? -1 : 1,
    )
    .map(({ row }) => row);

const byId = { key: ({ id }: Operation) => id, item: (row: Operation) => row };

export const list = (store: Store, query: OperationQuery): Listed<Operation> => {
  const { patientId, submitter, state } = query;
  const keep = (row: Operation): boolean =>
    (patientId === undefined || row.patientId === patientId) &&
    (state === undefined || row.state === state) &&
    (submitter === undefined || (row.caller.subject === submitter.subject && row.caller.issuer === submitter.issuer));
  return pageOf(inOrder(store, keep).toReversed(), query, byId);
};

/** A page is a place in the order, not a number: rows that left it meanwhile must not hide others. */
export const listQueued = (store: Store, before: string, { limit, after }: Page): Listed<Operation> => {
  const placed = after === undefined ? undefined : store.operations.get(after);
  const comesAfter = (row: Operation): boolean =>
    placed === undefined ||
    row.submittedAt > placed.row.submittedAt ||
    (row.submittedAt === placed.row.submittedAt && store.operations.get(row.id)!.order > placed.order);
  const keep = (row: Operation): boolean => row.state === "queued" && row.submittedAt < before && comesAfter(row);
  return pageOf(inOrder(store, keep), { limit }, byId);
};

export const countQueued = (store: Store, patientId: string, limit: number): number => {
  let count = 0;
  for (const { row } of store.operations.values())
    if (row.patientId === patientId && row.state === "queued") count += 1;
  return Math.min(count, limit);
};

export const laterSettled = (store: Store, patientId: string, submittedAt: string): boolean =>
  [...store.operations.values()].some(
    ({ row }) =>
      row.patientId === patientId &&
      row.submittedAt > submittedAt &&
      (row.state === "committed" || row.state === "rejected"),
  );

const standing = (store: Store, id: string, is: (row: Operation) => boolean) => {
  const stored = store.operations.get(id);
  if (stored === undefined || !is(stored.row)) throw moved(id);
  return stored;
};

const isQueuedWith =
  (attempt: number) =>
  (row: Operation): boolean =>
    row.state === "queued" && row.attempt === attempt;

const isParked = ({ state }: Operation): boolean => state === "parked";

export const setTries = (store: Store, id: string, { attempt, tries }: { attempt: number; tries: number }): void => {
  const stored = standing(store, id, isQueuedWith(attempt));
  store.observer.tried(id, tries);
  stored.row = { ...stored.row, tries };
};

export const park = (store: Store, outcome: Outcome): void => {
  const stored = standing(store, outcome.operationId, isQueuedWith(outcome.attempt));
  writeOutcome(store, { ...outcome, state: "parked" });
  store.observer.parked(stored.row);
};

export const redrive = (store: Store, id: string): Operation => {
  const stored = standing(store, id, isParked);
  const { row } = stored;
  const { attempt, version } = row;
  stored.row = { ...row, state: "queued", attempt: attempt + 1, tries: 0, version: version + 1, problem: null };
  store.observer.redriven(stored.row);
  return stored.row;
};

export const dismiss = (store: Store, { operationId, settledAt, problem }: Outcome): Operation => {
  const stored = standing(store, operationId, isParked);
  const { row } = stored;
  stored.row = { ...row, state: "rejected", settledAt, problem, version: row.version + 1 };
  stored.payload = undefined;
  store.observer.dismissed(stored.row);
  return stored.row;
};
