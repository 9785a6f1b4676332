import type { Oid } from "../git/oid.ts";
import type { Identifier } from "../head.ts";
import type { Caller, Instant, OperationId, PatientId } from "../operation.ts";
import type { Demographics } from "./command.ts";
import type { FileChange, RecordTree } from "./view.ts";

/** A record as `decide` sees it: the state that the operation before left behind. */
export interface RecordView {
  readonly tree: RecordTree;
  readonly commit: Oid;
  /** Bytes of all packs stored for the record. */
  readonly packBytes: number;
  /**
   * Paths changed after `commit`, for the commit that `needsHistoryOf` names; loaded before `decide` runs.
   * Undefined when that commit is not in the history.
   */
  changedSince(commit: Oid): readonly string[] | undefined;
}

export interface DecideContext {
  readonly patientId: PatientId;
  readonly operationId: OperationId;
  readonly caller: Caller;
  readonly submittedAt: Instant;
  readonly now: Instant;
}

/** What an accepted command makes of the record: exactly one commit. */
export interface Decision {
  /** May put content that is already there: then the commit has its parent's tree. */
  readonly changes: readonly FileChange[];
  /** The whole commit message, trailers included, ending in a newline. */
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** What the operation's `resource` and `etag` speak of. */
  readonly target: { readonly kind: "file"; readonly path: string } | { readonly kind: "record" };
  readonly identifiers: { readonly claim: readonly Identifier[]; readonly release: readonly Identifier[] };
  /** Demographics of the record after the change; null when they stay as they are. */
  readonly demographics: Demographics | null;
}

export const noIdentifiers: Decision["identifiers"] = { claim: [], release: [] };
