import { Fault } from "../shared/errors.ts";
import type { RecordState } from "../shared/git/state.ts";
import type { Head, Identifier } from "../shared/head.ts";
import type { OperationMessage, PatientId } from "../shared/operation.ts";
import type { Asked } from "../shared/ports.ts";
import type { Command, Demographics } from "../shared/record/command.ts";
import type { RecordTree } from "../shared/record/view.ts";
import { changedSince } from "./changed-since.ts";
import { decideBatch, type DecidedBatch, type Work } from "./decide-batch.ts";
import type { Dependencies } from "./dependencies.ts";
import type { RecordCache } from "./record-cache.ts";
import { settlementOf } from "./settlement-of.ts";

export interface Round {
  readonly patientId: PatientId;
  readonly owner: string;
  readonly messages: readonly OperationMessage[];
  readonly taken: readonly Identifier[];
  /** Later rounds read the rows after the lease is theirs: an old write with an unknown end can land no more. */
  readonly isFirst: boolean;
  readonly memory: { readonly records: RecordCache; readonly demographicsOf: (tree: RecordTree) => Demographics };
}

/**
 * Acquire, load, decide, one segment, one settle. Returns the messages left over when the batch was cut to fit one
 * transaction.
 */
export const commitRound = async (deps: Dependencies, round: Round): Promise<readonly OperationMessage[]> => {
  const { engine, hints, reach } = deps;
  const { patientId, memory } = round;
  const { head, rows } = await acquire(deps, round);
  await reach("after-acquire");
  const open = stillOurs(round.messages, rows);
  const now = open.slice(0, mostPerSettle);
  if (now.length === 0) {
    await engine.heads.release(patientId, round.owner);
    return [];
  }
  const work = fitting(now.map((asked) => workOf(asked, round.isFirst)));
  const state = await memory.records.load(head);
  const decided = await decideAll(deps, round, { head, state, work });
  await reach("after-decide");
  if (decided.batch !== null) {
    const { id, bytes } = decided.batch.segment;
    await engine.segments.put(patientId, id, bytes);
    await reach("after-segment");
  }
  const { demographicsOf } = memory;
  await engine.heads.settle(settlementOf(head, decided, { now: deps.now(), before: state.tree, demographicsOf }));
  if (decided.batch !== null) memory.records.keep(patientId, decided.batch.state);
  await reach("after-settle");
  hints.settled(work.map(({ operation }) => operation.id));
  const settled = new Set(work.map(({ operation }) => operation.id));
  return open.filter(({ operation }) => !settled.has(operation.id)).map(messageOf);
};

/**
 * Operations settled at once at most. DynamoDB takes 100 actions in a transaction: a row for each, the head, the summary,
 * the deletion of replaced tails, and 10 identifiers claimed and 10 freed by one of them.
 */
const mostPerSettle = 64;
/** Content that goes into one segment at most, bytes; a single operation may be larger. */
const mostBytes = 3_500_000;

const messageOf = ({ operation: { id, patientId, attempt } }: Asked): OperationMessage => ({
  operationId: id,
  patientId,
  attempt,
});

const acquire = async ({ engine }: Dependencies, { patientId, owner, messages, isFirst }: Round) => {
  const ids = [...new Set(messages.map(({ operationId }) => operationId))];
  if (isFirst) {
    const [head, rows] = await Promise.all([engine.heads.acquire(patientId, owner), engine.operations.getAsked(ids)]);
    return { head, rows };
  }
  const head = await engine.heads.acquire(patientId, owner);
  return { head, rows: await engine.operations.getAsked(ids) };
};

const keyOf = ({ operationId, attempt }: OperationMessage): string => `${operationId}#${attempt}`;

/**
 * In the order of the messages: redeliveries fall away, and messages from before a redrive, which give the operation no place
 * ahead of what was queued before it was redriven.
 */
const stillOurs = (messages: readonly OperationMessage[], rows: readonly (Asked | undefined)[]): readonly Asked[] => {
  const open = new Map<string, Asked>();
  for (const row of rows) if (row?.operation.state === "queued") open.set(keyOf(messageOf(row)), row);
  return [...new Set(messages.map(keyOf))].flatMap((key) => open.get(key) ?? []);
};

/** A queued row never lacks its payload: where one does, it was settled since it was read, or something is badly wrong. */
const withoutPayload = (operationId: string, isFirst: boolean): Fault =>
  new Fault(isFirst ? "operations-moved" : "transient", "A queued operation has no payload.", {
    operationIds: [operationId],
  });

const workOf = ({ operation, payload }: Asked, isFirst: boolean): Work => {
  if (payload === undefined) throw withoutPayload(operation.id, isFirst);
  return { operation, command: commandOf(payload), bytes: payload.length };
};

/** The payload is ours: the submit function checked and encoded it. */
const commandOf = (payload: Uint8Array): Command => JSON.parse(Buffer.from(payload).toString()) as Command;

const claimsIdentifiers = ({ command }: Work): boolean =>
  command.type === "CreatePatient" || command.type === "UpdateDemographics";

/** As many as one transaction and one segment take, one of them changing identifiers at most; never none. */
const fitting = (work: readonly Work[]): readonly Work[] => {
  let bytes = 0;
  let claiming = 0;
  const end = work.findIndex((one, index) => {
    bytes += one.bytes;
    if (claimsIdentifiers(one)) claiming += 1;
    return index > 0 && (bytes > mostBytes || claiming > 1);
  });
  return end < 0 ? work : work.slice(0, end);
};

interface Loaded {
  readonly head: Head;
  readonly state: RecordState;
  readonly work: readonly Work[];
}

const decideAll = async (deps: Dependencies, round: Round, { head, state, work }: Loaded): Promise<DecidedBatch> => {
  const { engine, newId, now, records, signer } = deps;
  const { patientId, commit } = head;
  const commands = work.map(({ command }) => command);
  return decideBatch({
    head,
    work,
    start: { state, head, epoch: head.epoch, random: newId().replaceAll("-", "").slice(0, 8), limits: engine.limits },
    taken: round.taken,
    changedSince: await changedSince(records, { patientId, commit, tree: state.tree }, commands),
    committer: signer.committer,
    now: now(),
    sign: signer.sign,
  });
};
