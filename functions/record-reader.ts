import type { Oid } from "../shared/git/oid.ts";
import type { Instant, PatientId } from "../shared/operation.ts";
import type { Head } from "../shared/head.ts";
import type { TreeState } from "../shared/git/record-tree.ts";
import type { FileDifference } from "../shared/git/tree-diff.ts";
import type { FileEntry } from "../shared/record/view.ts";

/** A record as it was after one commit. */
export interface RecordVersion {
  readonly patientId: PatientId;
  readonly head: Head;
  readonly commit: Oid;
  /** Number of commits up to and including this one. */
  readonly commits: number;
  /** Committer time. */
  readonly committedAt: Instant;
  readonly tree: TreeState;
}

export interface LoggedCommit {
  readonly oid: Oid;
  /** Number of commits before this one. */
  readonly number: number;
  readonly parents: readonly Oid[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string; readonly at: Instant };
  readonly committer: { readonly name: string; readonly email: string; readonly at: Instant };
}

/** Reads records: current, as of a commit or a time, contents and history. Retries once when a segment was compacted away. */
export interface RecordReader {
  /** Undefined where the patient has no commit. */
  current(patientId: PatientId): Promise<RecordVersion | undefined>;
  /** Undefined before creation and for a commit that is not in the history. */
  at(
    patientId: PatientId,
    point: { readonly commit: Oid } | { readonly time: Instant },
  ): Promise<RecordVersion | undefined>;
  content(version: RecordVersion, file: FileEntry): Promise<Uint8Array>;
  /** Newest first; `before` is the `number` to go on below. */
  log(
    patientId: PatientId,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<{ readonly items: readonly LoggedCommit[]; readonly next?: number } | undefined>;
  /** One commit with the files it changed; undefined when it is not in the history. */
  commit(
    patientId: PatientId,
    oid: Oid,
  ): Promise<
    | {
        readonly commit: LoggedCommit;
        readonly before: RecordVersion | undefined;
        readonly after: RecordVersion;
        readonly changes: readonly FileDifference[];
      }
    | undefined
  >;
}
