import { isUtf8 } from "node:buffer";
import { structuredPatch } from "diff";
import type { StructuredPatchHunk } from "diff";
import type { Oid } from "./oid.ts";

/** One side of a change: a file's blob id and its bytes. */
export interface DiffSide {
  readonly oid: Oid;
  readonly content: Uint8Array;
}

export interface TextDiff {
  /** What `git diff` prints for the file; headers and one line that says why, when the texts are not compared. */
  readonly text: string;
  /** Why the texts are not compared; null when they are. */
  readonly omitted: "binary" | "too-large" | null;
}

/** Both sides together; beyond it nobody reads a diff. */
const maxBytes = 1024 * 1024;
/** Lines added and removed: Myers' algorithm costs its square. */
const maxEditLength = 4_000;
/** The last bound on CPU, ms. */
const timeout = 200;

/** Git's own test of a binary file is a NUL; ours also refuses what is not UTF-8. */
const isText = (bytes: Uint8Array): boolean => isUtf8(bytes) && !bytes.includes(0);

const headerOf = (path: string, before: DiffSide | undefined, after: DiffSide | undefined): string => {
  const ids = `${(before?.oid ?? "").slice(0, 7) || "0000000"}..${(after?.oid ?? "").slice(0, 7) || "0000000"}`;
  const index =
    before === undefined
      ? `new file mode 100644\nindex ${ids}`
      : after === undefined
        ? `deleted file mode 100644\nindex ${ids}`
        : `index ${ids} 100644`;
  return `diff --git a/${path} b/${path}\n${index}\n`;
};

const range = (start: number, lines: number): string => (lines === 1 ? `${start}` : `${start},${lines}`);

/** Git names the line before an empty range; the library the line at it. */
const hunkText = ({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): string => {
  const removed = range(oldLines === 0 ? oldStart - 1 : oldStart, oldLines);
  const added = range(newLines === 0 ? newStart - 1 : newStart, newLines);
  return `@@ -${removed} +${added} @@\n${lines.join("\n")}\n`;
};

const textOf = (side: DiffSide | undefined): string => Buffer.from(side?.content ?? []).toString("utf8");

/**
 * The change of one file as `git diff` shows it, three lines of context; undefined side: the file is not there.
 * Binary and large files (over 1 MiB on both sides, 4,000 changed lines or 200 ms) are named, not compared.
 */
export const textDiff = (path: string, before: DiffSide | undefined, after: DiffSide | undefined): TextDiff => {
  const header = headerOf(path, before, after);
  const sides = [before, after].filter((side) => side !== undefined);
  const names = `${before ? `a/${path}` : "/dev/null"} and ${after ? `b/${path}` : "/dev/null"}`;
  const omit = (omitted: "binary" | "too-large", why: string): TextDiff => ({ text: `${header}${why}\n`, omitted });
  if (sides.reduce((sum, { content }) => sum + content.length, 0) > maxBytes) {
    return omit("too-large", `Files ${names} differ: too large to show`);
  }
  if (!sides.every(({ content }) => isText(content))) return omit("binary", `Binary files ${names} differ`);
  const options = { context: 3, maxEditLength, timeout };
  const patch = structuredPatch(path, path, textOf(before), textOf(after), undefined, undefined, options);
  if (patch === undefined) return omit("too-large", `Files ${names} differ: too large to show`);
  if (patch.hunks.length === 0) return { text: header, omitted: null };
  const files = `--- ${before ? `a/${path}` : "/dev/null"}\n+++ ${after ? `b/${path}` : "/dev/null"}\n`;
  return { text: header + files + patch.hunks.map(hunkText).join(""), omitted: null };
};
