import type { Oid } from "./git/oid.ts";
import type { PackMap, PackMapChange, SegmentId } from "./git/pack-map.ts";
import type { Instant, Outcome, PatientId } from "./operation.ts";

/** What a patient's head item holds. `commit` is null until the first commit is settled. */
export interface Head {
  readonly patientId: PatientId;
  readonly commit: Oid | null;
  /** Number of commits in the history. */
  readonly commits: number;
  /** Fencing number: raised by every acquire. */
  readonly epoch: number;
  /** Raised by every compaction. */
  readonly generation: number;
  readonly packs: PackMap;
  /** Replaced tails that no seal has handed to the drain yet. */
  readonly replaced: readonly SegmentId[];
  readonly updatedAt: Instant | null;
}

export interface Identifier {
  readonly system: string;
  readonly value: string;
}

/** What lists and searches show of a patient; carries the commit it was made from. */
export interface Summary {
  readonly patientId: PatientId;
  readonly commit: Oid;
  readonly commits: number;
  readonly updatedAt: Instant;
  readonly name: { readonly family: string; readonly given: readonly string[] };
  /** Family name as `normaliseName` makes it: what a search compares. */
  readonly normalisedFamily: string;
  readonly birthDate: string;
  readonly sex: string;
  readonly identifiers: readonly Identifier[];
}

/** Something to do after a commit, written in the same transaction as the head. */
export interface Effect {
  /** `operationId#kind`, or `patientId#kind#…` where no single operation causes it. */
  readonly id: string;
  readonly kind: "log" | "delete-segments";
  readonly patientId: PatientId;
  /** Ids only, never content. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface HeadMove {
  readonly commit: Oid;
  readonly commits: number;
  readonly packs: PackMapChange;
  readonly replaced: readonly SegmentId[];
  readonly updatedAt: Instant;
}

/** One transaction: all of it, or none. Releases the lease. */
export interface Settlement {
  readonly patientId: PatientId;
  /** Conditions on the head: still this commit, still this epoch. */
  readonly expected: Oid | null;
  readonly epoch: number;
  /** Null when every operation was refused. */
  readonly head: HeadMove | null;
  readonly outcomes: readonly Outcome[];
  /** Claim: condition absent or already this patient's. Release: only if this patient's. */
  readonly identifiers: { readonly claim: readonly Identifier[]; readonly release: readonly Identifier[] };
  /** As of the head's new commit; null when the head stays. */
  readonly summary: Summary | null;
  /** False when it differs from the one before in nothing but what the head says too: commit, number and time. */
  readonly summaryChanged: boolean;
  readonly effects: readonly Effect[];
}

export interface Compaction {
  readonly patientId: PatientId;
  /** Condition: still this generation; all of `packs.remove` still present and sealed. Raises it by one. */
  readonly generation: number;
  readonly packs: PackMapChange;
  /** Deletion of the merged segments, as an effect. */
  readonly effects: readonly Effect[];
}
