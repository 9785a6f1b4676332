import { objectId } from "../../shared/git/objects.ts";
import { pinnedPaths } from "../../shared/git/record-tree.ts";
import type { Snapshot } from "../../shared/git/snapshot.ts";
import { loadState, type ReadSegment } from "../../shared/git/state.ts";
import { Fault } from "../../shared/errors.ts";
import type { RecordTree } from "../../shared/record/view.ts";
import type { Capture } from "./capture.ts";
import type { OpenSegment } from "./check-segment.ts";
import type { Notebook } from "./finding.ts";
import type { TrackedFiles, Visitor, WalkedCommit } from "./walk-history.ts";

/** Why a tree of ours is not the one that was walked; undefined when it is. */
const differenceOf = (ours: RecordTree, walked: TrackedFiles): string | undefined => {
  let count = 0;
  for (const { path, oid, size, broughtBy } of ours.files()) {
    const file = walked.get(path);
    if (file === undefined) return "it has a file that the commit's tree has not";
    if (file.oid !== oid) return "it has another content for a file";
    if (file.size !== size) return "it has another size for a file";
    if (file.broughtBy !== broughtBy) return "it names another commit as the one that brought a file";
    count += 1;
  }
  if (count !== ours.fileCount) return "it counts its files wrongly";
  return count === walked.size ? undefined : "it lacks a file";
};

const pinDifference = (tree: RecordTree): string | undefined => {
  for (const path of pinnedPaths) {
    const content = tree.pinned(path);
    const oid = content === undefined ? undefined : objectId("blob", Buffer.from(content));
    if (oid !== tree.file(path)?.oid) return `its copy of ${path} is not the file`;
  }
  return undefined;
};

const snapshotDifference = (
  { commit, commits, committedAt, tree }: Snapshot,
  walked: WalkedCommit,
  files: TrackedFiles,
): string | undefined => {
  if (commit !== walked.oid || commits !== walked.number + 1) return "it is not of the segment's last commit";
  if (committedAt !== walked.committedAt) return "it has another time than its commit";
  if (tree.root.oid !== walked.tree) return "its root is not the commit's tree";
  return differenceOf(tree, files) ?? pinDifference(tree);
};

/** Compares each segment's snapshot with the trees at its last commit, as another implementation has read them. */
export const snapshotVisitor = (
  segments: readonly OpenSegment[],
  commits: number,
  notes: Notebook,
): { visit: Visitor; rest(): void } => {
  const lastOf = segments.map((_, index) => (segments[index + 1]?.pack.first ?? commits) - 1);
  const waiting = new Map(segments.map((segment, index) => [lastOf[index], segment]));
  return {
    visit: (commit, files) => {
      const segment = waiting.get(commit.number);
      if (segment === undefined) return;
      waiting.delete(commit.number);
      const why = segment.snapshot && snapshotDifference(segment.snapshot, commit, files);
      if (why !== undefined) notes.add("snapshot-wrong", `segment ${segment.id}`, `Its snapshot is wrong: ${why}.`);
    },
    rest: () => {
      for (const { id } of waiting.values()) {
        notes.add("history-broken", `segment ${id}`, "The log ends before the segment's last commit.");
      }
    },
  };
};

const captured =
  ({ segments }: Capture): ReadSegment =>
  async (id, range) => {
    const bytes = segments.get(id);
    if (bytes === undefined) throw new Fault("segment-missing", "the segment is not stored", { segmentId: id });
    return range === undefined ? bytes : bytes.subarray(range.from, range.to);
  };

/** What our own reader serves as the current record must be what the trees of the head's commit say. */
export const checkCurrent = async (
  capture: Capture,
  files: TrackedFiles,
  notes: Notebook,
): Promise<RecordTree | undefined> => {
  const state = await notes.attempt("tree-mismatch", "current record", () =>
    loadState(capture.head, captured(capture)),
  );
  if (state === undefined) return undefined;
  const why = differenceOf(state.tree, files);
  if (why !== undefined) notes.add("tree-mismatch", "current record", `Our own reader disagrees: ${why}.`);
  return state.tree;
};
