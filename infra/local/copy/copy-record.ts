import type { AdoptedHead, Adoption } from "../../../shared/adoption.ts";
import { isFault } from "../../../shared/errors.ts";
import { numberOfCommit } from "../../../shared/git/history.ts";
import type { Oid } from "../../../shared/git/oid.ts";
import { openRepository } from "../../../shared/git/repository.ts";
import { segmentCache } from "../../../shared/git/segment-cache.ts";
import type { Head, Identifier } from "../../../shared/head.ts";
import type { PatientId } from "../../../shared/operation.ts";
import type { Engine } from "../../../shared/ports.ts";
import { resultCode, resultCodes } from "../sqlite/sql.ts";
import { copyOperations } from "./copy-operations.ts";
import { copySegments } from "./copy-segments.ts";
import { NotCopied } from "./not-copied.ts";

/** Steps of one patient's copy. The head comes last, so what has a head at the destination is whole. */
export type CopyStep = "segments" | "operations" | "head";

export interface Copying {
  readonly from: Engine;
  readonly to: { readonly engine: Engine; readonly adoption: Adoption };
  /** Runs what takes much memory, one at a time over all patients; absent: at once. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Told after each step; a test ends the process there. */
  readonly reach?: (step: CopyStep) => void;
}

/** What a copy wrote of one patient; nothing when all was there. */
export interface Copied {
  readonly head: boolean;
  readonly operations: number;
  readonly segments: number;
}

/** What is kept of segments while a commit is looked for. */
const searchCacheBytes = 4 * 1024 * 1024;

const isInHistory = async ({ segments }: Engine, head: Head, commit: Oid): Promise<boolean> => {
  const { patientId, packs, commits } = head;
  const cache = segmentCache(searchCacheBytes);
  const read = (id: string, range?: { readonly from: number; readonly to: number }) =>
    segments.get(patientId, id, range);
  return (await numberOfCommit(openRepository({ patientId, packs, commits, read, cache }), commit)) !== undefined;
};

/** What stands must be where the source's history once was. Throws NotCopied. */
const checkContinues = async ({ from, to }: Copying, head: Head | undefined, standing: Head): Promise<void> => {
  if (standing.commit === null || standing.commit === head?.commit) return;
  if (head?.commit && (await isInHistory(from, head, standing.commit))) return;
  const isAhead = !head?.commit || (await isInHistory(to.engine, standing, head.commit));
  throw new NotCopied(
    isAhead
      ? "its record at the destination has changes that the source has not"
      : "its record at the destination has another history",
  );
};

/** Whose identifiers are taken at the destination is found before anything is written. Throws NotCopied. */
const checkIdentifiers = async ({ to }: Copying, patientId: PatientId, identifiers: readonly Identifier[]) => {
  for (const identifier of identifiers) {
    const { items } = await to.engine.summaries.find({ identifier, limit: 1 });
    if (items.some((other) => other.patientId !== patientId))
      throw new NotCopied("an identifier of it belongs to another patient at the destination", { passing: true });
  }
};

const without = (all: readonly Identifier[], some: readonly Identifier[]): readonly Identifier[] =>
  all.filter(({ system, value }) => !some.some((one) => one.system === system && one.value === value));

/** Counters never fall, here or there: no fencing number and no generation is used twice. */
const countersOf = (head: Head, standing: Head | undefined): Pick<Head, "epoch" | "generation"> =>
  standing
    ? {
        epoch: Math.max(head.epoch, standing.epoch + 1),
        generation: Math.max(head.generation, standing.generation),
      }
    : head;

const isAdvanced = (head: Head, standing: Head | undefined): boolean =>
  standing === undefined ||
  standing.commit !== head.commit ||
  standing.epoch < head.epoch ||
  standing.generation < head.generation;

const adoptedHead = async ({ from, to }: Copying, head: Head, standing: Head | undefined): Promise<AdoptedHead> => {
  const { epoch, generation } = countersOf(head, standing);
  if (standing && standing.commit === head.commit) {
    // The packs that stand may have been merged there; they are the same history.
    const identifiers = { claim: [], release: [] };
    return { head: { ...standing, epoch, generation }, standing, identifiers, summary: null };
  }
  const summary = (await from.summaries.get(head.patientId)) ?? null;
  if (summary && summary.commit !== head.commit) throw new NotCopied("it is being written to", { passing: true });
  const claim = summary?.identifiers ?? [];
  await checkIdentifiers({ from, to }, head.patientId, claim);
  const before = (await to.engine.summaries.get(head.patientId))?.identifiers ?? [];
  const identifiers = { claim, release: without(before, claim) };
  return { head: { ...head, epoch, generation }, standing, identifiers, summary };
};

const differs = (a: Head | undefined, b: Head | undefined): boolean =>
  a?.commit !== b?.commit || a?.commits !== b?.commits;

/** Reads both heads once more: the source has not moved, and the destination has what was written. Throws NotCopied. */
const checkCopied = async ({ from, to }: Copying, patientId: PatientId, head: Head | undefined): Promise<void> => {
  const [now, there] = await Promise.all([from.heads.read(patientId), to.engine.heads.read(patientId)]);
  if (differs(now, head) || now?.epoch !== head?.epoch)
    throw new NotCopied("it is being written to: copy it again when nobody writes", { passing: true });
  if (head && differs(there, head))
    throw new NotCopied("its head at the destination is not what was copied: somebody writes there", { passing: true });
};

const copyOnce = async (copying: Copying, patientId: PatientId): Promise<Copied> => {
  const { from, to, reach = () => undefined } = copying;
  if ((await from.operations.countQueued(patientId, 1)) > 0)
    throw new NotCopied("operations of it wait: let them be settled, then copy it", { passing: true });
  const head = await from.heads.read(patientId);
  const standing = await to.engine.heads.read(patientId);
  if (standing) await checkContinues(copying, head, standing);
  const adopted = head && isAdvanced(head, standing) ? await adoptedHead(copying, head, standing) : undefined;
  const moves = head && adopted && head.commit !== null && standing?.commit !== head.commit;
  const segments = moves ? await copySegments(copying, head) : 0;
  reach("segments");
  const operations = await copyOperations(copying, patientId);
  reach("operations");
  if (adopted) await to.adoption.putHead(adopted);
  reach("head");
  await checkCopied(copying, patientId, head);
  return { head: adopted !== undefined, operations, segments };
};

const reasonOf = (cause: unknown): NotCopied | undefined => {
  if (cause instanceof NotCopied) return cause;
  if (isFault(cause, "damaged"))
    return new NotCopied(`the source's record is damaged: run doctor there (${cause.message})`, { cause });
  if (resultCode(cause) === resultCodes.corrupt)
    return new NotCopied("a database is damaged: run doctor at the source and at the destination", { cause });
  if (isFault(cause, "identifiers-taken"))
    return new NotCopied("an identifier of it belongs to another patient at the destination", { cause, passing: true });
  if (isFault(cause, "segment-missing")) {
    const segment = String(cause.facts["segmentId"]);
    return new NotCopied(`segment ${segment} is gone: run doctor at the source`, { cause, passing: true });
  }
  if (isFault(cause, "fenced", "operations-moved"))
    return new NotCopied("it is being written to: copy it again when nobody writes", { cause, passing: true });
  if (isFault(cause, "transient", "outcome-unknown"))
    return new NotCopied(`the store failed (${cause.message})`, { cause, passing: true });
  return undefined;
};

/**
 * Copies one patient, or brings the copy up to date: segments, then operations, then, in one transaction, head, identifiers
 * and summary. Safe to stop anywhere and to repeat. Throws NotCopied; then what stands at the destination is as whole as before.
 */
export const copyRecord = async (copying: Copying, patientId: PatientId): Promise<Copied> => {
  try {
    return await copyOnce(copying, patientId);
  } catch (cause) {
    throw reasonOf(cause) ?? cause;
  }
};
