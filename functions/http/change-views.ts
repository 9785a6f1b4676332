import { textDiff, type DiffSide } from "../../shared/git/text-diff.ts";
import type { FileEntry } from "../../shared/record/view.ts";
import type { FileDifference } from "../../shared/git/tree-diff.ts";
import type { RecordReader, RecordVersion } from "../record-reader.ts";

/** Files of one commit whose contents are compared; a change set has no more. */
const compared = 100;
/** Together they may be this long, UTF-16 units; further ones are named only. */
const maxDiffLength = 1024 * 1024;

const sideOf = async (
  records: RecordReader,
  version: RecordVersion | undefined,
  file: FileEntry | undefined,
): Promise<DiffSide | undefined> =>
  version === undefined || file === undefined
    ? undefined
    : { oid: file.oid, content: await records.content(version, file) };

const kindOf = ({ before, after }: FileDifference): "added" | "deleted" | "modified" => {
  if (before === undefined) return "added";
  return after === undefined ? "deleted" : "modified";
};

const tagOf = (file: FileEntry | undefined): string | null => (file === undefined ? null : `"${file.oid}"`);

export interface Comparison {
  readonly before: RecordVersion | undefined;
  readonly after: RecordVersion;
  readonly changes: readonly FileDifference[];
}

/** What a commit changed, each file with its unified diff; `omitted` says why there is none. */
export const changeViews = async (records: RecordReader, { before, after, changes }: Comparison) => {
  let length = 0;
  const views = [];
  for (const [index, change] of changes.entries()) {
    const isShown = index < compared && length < maxDiffLength;
    const diff = isShown
      ? textDiff(change.path, await sideOf(records, before, change.before), await sideOf(records, after, change.after))
      : undefined;
    length += diff?.text.length ?? 0;
    views.push({
      path: change.path,
      change: kindOf(change),
      etagBefore: tagOf(change.before),
      etagAfter: tagOf(change.after),
      diff: diff === undefined || diff.omitted !== null ? null : diff.text,
      omitted: diff === undefined ? "too-large" : diff.omitted,
    });
  }
  return views;
};
