import type { Oid } from "../git/oid.ts";

/** One file of a record's tree. */
export interface FileEntry {
  readonly path: string;
  /** Blob id: the file's entity tag, unquoted. */
  readonly oid: Oid;
  /** Size in bytes. */
  readonly size: number;
  /** Number of commits before the one that brought this blob: tells its segment. */
  readonly broughtBy: number;
}

/** A record's complete tree at one commit, without file contents. Immutable. */
export interface RecordTree {
  readonly fileCount: number;
  file(path: string): FileEntry | undefined;
  isFolder(path: string): boolean;
  /** Names in a folder ("" is the root), files and folders; empty when it does not exist. */
  names(folder: string): Iterable<string>;
  /** Those of them that equal `name` but for case, itself included. */
  namesLike(folder: string, name: string): Iterable<string>;
  /** Every file, in Git's tree order. */
  files(): Iterable<FileEntry>;
  /** Content of a small managed file (`ehr_status.yaml`, `demographics/patient.yaml`), kept with the tree. */
  pinned(path: string): string | undefined;
}

/** A change of one file: new content (UTF-8), or null to delete it. */
export interface FileChange {
  readonly path: string;
  readonly content: string | null;
}
