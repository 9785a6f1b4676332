import { Fault, isFault } from "../shared/errors.ts";
import type { Identifier } from "../shared/head.ts";
import type { OperationMessage, PatientId } from "../shared/operation.ts";
import { commitRound, type Round } from "./commit-round.ts";
import { demographicsReader } from "./demographics-of.ts";
import type { Dependencies } from "./dependencies.ts";
import { recordCache } from "./record-cache.ts";

export interface Writer {
  /**
   * Brings these operations of one patient to their outcomes, in order; those that are no longer queued with the
   * message's attempt are left alone. Throws Fault lease-busy | transient | …, and whatever our code throws; then the
   * lease is given back and nothing is half done.
   */
  commit(messages: readonly OperationMessage[]): Promise<void>;
}

/** Fenced more often than this in one go: leave it to a later delivery. */
const mostFenced = 2;
/** Rounds in a row that settled nothing, whatever the reason. */
const mostStalled = 8;
/** Memory for the records that this writer committed to last, bytes. */
const cacheBytes = 12 * 1024 * 1024;

/** The writer of one process, with its cache of warm records. */
export const createWriter = (deps: Dependencies): Writer => {
  const memory = { records: recordCache(deps.engine.segments, cacheBytes), demographicsOf: demographicsReader() };
  const commit = async (messages: readonly OperationMessage[]): Promise<void> => {
    const [first] = messages;
    if (first === undefined) return;
    const taken: Identifier[] = [];
    let fenced = 0;
    let stalled = 0;
    for (let left = messages, round = 0; left.length > 0; round++) {
      try {
        left = await oneRound(deps, first.patientId, { messages: left, taken, isFirst: round === 0, memory });
        stalled = 0;
      } catch (cause) {
        stalled += 1;
        if (isFault(cause, "identifiers-taken")) taken.push(...identifiersOf(cause));
        else if (isFault(cause, "fenced", "segment-missing", "outcome-unknown")) fenced += 1;
        else if (!isFault(cause, "operations-moved")) throw cause;
        if (fenced > mostFenced || stalled > mostStalled) {
          throw new Fault("transient", "Other writers were faster again and again.", {}, { cause });
        }
      }
    }
  };
  return { commit };
};

/** One lease: what a settle does not release is given back, so that nobody waits for it to run out. */
const oneRound = async (
  deps: Dependencies,
  patientId: PatientId,
  round: Omit<Round, "owner" | "patientId">,
): Promise<readonly OperationMessage[]> => {
  const owner = deps.newId();
  try {
    return await commitRound(deps, { ...round, owner, patientId });
  } catch (cause) {
    if (!isFault(cause, "lease-busy")) await giveBack(deps, patientId, owner);
    throw cause;
  }
};

/** A lease that cannot be given back runs out by itself; the first fault is the one to report. */
const giveBack = async ({ engine, log }: Dependencies, patientId: PatientId, owner: string): Promise<void> => {
  try {
    await engine.heads.release(patientId, owner);
  } catch (cause) {
    log("warn", "lease.not-released", { patientId, fault: cause instanceof Fault ? cause.code : "unexpected" });
  }
};

const identifiersOf = ({ facts }: Fault): readonly Identifier[] => {
  const { identifiers } = facts;
  return Array.isArray(identifiers) ? identifiers : [];
};
