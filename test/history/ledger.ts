import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { OperationState } from "../../shared/operation.ts";

export type RouteKind = "create" | "put" | "delete" | "change-set" | "read-file" | "read-record" | "status";

/** What a write asked of one file. Ids are Git blob ids. */
export interface AskedFile {
  readonly path: string;
  /** What was sent; null: to be deleted. */
  readonly sent: string | null;
  /** What the file must be before; null: it must not exist; undefined: not said. */
  readonly base?: string | null | undefined;
}

/** One request and its answer: ids, tags and times, never content. */
export interface LedgerLine {
  readonly client: number;
  /** Rises with each request of this client. */
  readonly seq: number;
  /** On the clock of the one process that asked, µs. */
  readonly start: number;
  /** Null: never answered. */
  readonly end: number | null;
  readonly route: RouteKind;
  /** Empty where neither the request nor its answer names one. */
  readonly patient: string;
  /** Files that a write asks for, or the one that is read. */
  readonly files: readonly AskedFile[];
  /** Idempotency-Key. */
  readonly key: string | null;
  readonly status: number | null;
  readonly operation: string | null;
  readonly state: OperationState | null;
  readonly commit: string | null;
  /** Of what was written or read, unquoted. */
  readonly etag: string | null;
  /** Of a 412: the tag that it says is current; null: it says that there is no such file. */
  readonly current?: string | null;
  /** Blob id of the bytes that a read of a file got. */
  readonly got?: string;
}

export interface Ledger {
  add(line: LedgerLine): void;
  /** Writes what is still buffered. */
  flush(): void;
}

const bufferedLines = 10_000;

/** A ledger in a file, JSON lines, written ten thousand at a time: the disk must not slow down who asks. */
export const ledgerTo = (file: string): Ledger => {
  let lines: string[] = [];
  const flush = () => {
    if (lines.length > 0) appendFileSync(file, `${lines.join("\n")}\n`);
    lines = [];
  };
  return {
    add: (line) => {
      if (lines.push(JSON.stringify(line)) >= bufferedLines) flush();
    },
    flush,
  };
};

/** Makes an empty ledger, mode 0600. */
export const makeLedger = (file: string): void => writeFileSync(file, "", { mode: 0o600 });

export const readLedger = (file: string): readonly LedgerLine[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): LedgerLine => JSON.parse(line));
