import type { Oid } from "../shared/git/oid.ts";
import type { TreeState } from "../shared/git/record-tree.ts";
import { diffTrees } from "../shared/git/tree-diff.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Command } from "../shared/record/command.ts";
import { needsHistoryOf } from "../shared/record/decide.ts";
import type { RecordReader } from "./record-reader.ts";

/** A record as commands are about to be decided against it; `commit` is null before the first. */
interface Present {
  readonly patientId: PatientId;
  readonly commit: Oid | null;
  readonly tree: TreeState;
}

/** Paths changed from a commit that some command expects to `now`; undefined when it is not in the history. */
export type ChangedSince = (commit: Oid, now: TreeState) => readonly string[] | undefined;

/** Loads the trees of the commits that change sets expect, to tell what has changed since, also by the batch in hand. */
export const changedSince = async (
  records: RecordReader,
  { patientId, commit: current, tree }: Present,
  commands: Iterable<Command>,
): Promise<ChangedSince> => {
  const trees = new Map<Oid, TreeState>();
  if (current !== null) trees.set(current, tree);
  for (const command of commands) {
    const commit = needsHistoryOf(command, current);
    if (commit === null || trees.has(commit)) continue;
    const version = await records.at(patientId, { commit });
    if (version !== undefined) trees.set(commit, version.tree);
  }
  return (commit, now) => {
    const before = trees.get(commit);
    return before && Array.from(diffTrees(before, now), ({ path }) => path);
  };
};
