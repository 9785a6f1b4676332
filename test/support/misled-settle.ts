import { decideBatch } from "../../functions/decide-batch.ts";
import { demographicsReader } from "../../functions/demographics-of.ts";
import { settlementOf } from "../../functions/settlement-of.ts";
import { loadState, type RecordState } from "../../shared/git/state.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Clinic } from "./examined-clinic.ts";
import { putCommand } from "./write-path.ts";

/** What is wrong with what a settle is made of. */
interface Misled {
  readonly operation: Operation;
  /** What the writer takes the record to be. */
  readonly state?: (state: RecordState) => RecordState;
  /** When the commit is made, ms since the epoch. */
  readonly committedAt?: number;
  /** False: the operation's row is not looked at. */
  readonly isGuarded?: boolean;
}

/** One more commit of the first patient, decided, stored and settled by the product's own code, which is told something wrong. */
export const misledSettle = async (
  { engine, path, patients: [patientId] }: Clinic,
  { operation, state: alter = (one) => one, committedAt = path.now(), isGuarded = true }: Misled,
): Promise<void> => {
  const head = await engine.heads.acquire(patientId, "a writer");
  const state = alter(await loadState(head, (id, range) => engine.segments.get(patientId, id, range)));
  const decided = decideBatch({
    head,
    work: [{ operation, command: putCommand("notes/late.md", "late\n"), bytes: 5 }],
    start: { state, head, epoch: head.epoch, random: "abc123", limits: engine.limits },
    taken: [],
    changedSince: () => undefined,
    committer: path.deps.signer.committer,
    now: committedAt,
    sign: path.deps.signer.sign,
  });
  const { id, bytes } = decided.batch!.segment;
  await engine.segments.put(patientId, id, bytes);
  const facts = { now: path.now(), before: state.tree, demographicsOf: demographicsReader() };
  const settlement = settlementOf(head, decided, facts);
  await engine.heads.settle(isGuarded ? settlement : { ...settlement, outcomes: [] });
};
