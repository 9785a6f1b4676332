import { Refusal } from "../errors.ts";
import type { Command, PathChange } from "./command.ts";
import { authorOf, commitMessage } from "./commit-message.ts";
import { type DecideContext, type Decision, type RecordView, noIdentifiers } from "./decision.ts";
import { recordLimits } from "./limits.ts";
import { refuseConflicts } from "./path-conflicts.ts";
import { isFreePath, managedPath, refusePath } from "./paths.ts";
import { staleCommit, staleFile, staleFiles } from "./preconditions.ts";
import type { RecordTree } from "./view.ts";

export type ChangeSet = Extract<Command, { type: "PutFiles" | "DeleteFiles" }>;

const pathOf = (change: PathChange): string => ("put" in change ? change.put : change.delete);

const refuseChange = (change: PathChange, guarded: boolean): Refusal | null => {
  const path = pathOf(change);
  const refusal = refusePath(path);
  if (refusal !== null) return refusal;
  if (!isFreePath(path)) return managedPath(path);
  if (guarded || change.ifMatch !== undefined) return null;
  return new Refusal("precondition-required", "Every change needs ifMatch where the set has no expectedCommit.", {
    path,
  });
};

/** Tells which change of a set is refused: by its place, since its path may be one that is not to be repeated. */
const placed = ({ code, message, facts }: Refusal, change: PathChange, index: number): Refusal => {
  const field = `changes[${index}].${"put" in change ? "put" : "delete"}`;
  return new Refusal(code, `${field}: ${message}`, { ...facts, field });
};

/** What is wrong with a change set whatever the record holds, in the order of its changes; null when nothing is. */
export const refuseChangeSet = ({ changes, expectedCommit, target }: ChangeSet): Refusal | null => {
  if (changes.length === 0 || changes.length > recordLimits.changes) {
    return new Refusal("invalid-request", `A change set has 1 to ${recordLimits.changes} changes.`);
  }
  const seen = new Set<string>();
  for (const [index, change] of changes.entries()) {
    const path = pathOf(change);
    const refusal = refuseChange(change, expectedCommit !== undefined);
    if (refusal !== null) return target === "file" ? refusal : placed(refusal, change, index);
    if (seen.has(path)) return new Refusal("invalid-request", "A change set names a path twice.", { path });
    seen.add(path);
  }
  return null;
};

const isStale = (tree: RecordTree, change: PathChange): boolean => {
  const { ifMatch } = change;
  if (ifMatch === undefined) return false;
  return (tree.file(pathOf(change))?.oid ?? null) !== ifMatch;
};

const refuseStale = (record: RecordView, { changes, expectedCommit, target }: ChangeSet): Refusal | null => {
  const moved = expectedCommit === undefined ? null : staleCommit(record, expectedCommit);
  if (moved !== null) return moved;
  const stale = changes.filter((change) => isStale(record.tree, change)).map(pathOf);
  const [first] = stale;
  if (first === undefined) return null;
  return target === "file" ? staleFile(first, record.tree.file(first)?.oid) : staleFiles(stale, record.commit);
};

const refuseFull = ({ tree, packBytes }: RecordView, { changes }: ChangeSet): Refusal | null => {
  let files = tree.fileCount;
  let bytes = packBytes;
  for (const change of changes) {
    if ("delete" in change) files -= 1;
    else {
      bytes += change.content.length;
      if (tree.file(change.put) === undefined) files += 1;
    }
  }
  const grows = bytes > packBytes;
  if (files > recordLimits.files && files > tree.fileCount) {
    return new Refusal("record-full", `A record holds at most ${recordLimits.files} files.`);
  }
  return grows && bytes > recordLimits.packBytes
    ? new Refusal("record-full", "The record and its history have reached 256 MiB.")
    : null;
};

const refuse = (record: RecordView, command: ChangeSet): Refusal | null => {
  const shapeless = refuseChangeSet(command) ?? refuseStale(record, command);
  if (shapeless !== null) return shapeless;
  const puts: string[] = [];
  const deleted = new Set<string>();
  for (const change of command.changes) {
    if ("put" in change) puts.push(change.put);
    else if (record.tree.file(change.delete) !== undefined) deleted.add(change.delete);
    else return new Refusal("not-found", "A file to delete does not exist.", { path: change.delete });
  }
  return refuseConflicts(record.tree, { puts, deleted }) ?? refuseFull(record, command);
};

const actionOf = ({ type, changes }: ChangeSet, tree: RecordTree): "create" | "update" | "delete" => {
  if (type === "DeleteFiles") return "delete";
  return changes.every((change) => "put" in change && tree.file(change.put) === undefined) ? "create" : "update";
};

const defaultSummary = ({ type, changes }: ChangeSet): string => {
  const verb = type === "DeleteFiles" ? "Delete" : "Write";
  const [only] = changes;
  return changes.length === 1 && only !== undefined ? `${verb} ${pathOf(only)}` : `${verb} ${changes.length} files`;
};

/** PutFiles and DeleteFiles: all changes of the set in one commit, or none. */
export const changeFiles = (
  record: RecordView,
  command: ChangeSet,
  { operationId, caller }: DecideContext,
): Decision | Refusal => {
  const refusal = refuse(record, command);
  if (refusal !== null) return refusal;
  const [first] = command.changes;
  return {
    changes: command.changes.map((change) =>
      "put" in change ? { path: change.put, content: change.content } : { path: change.delete, content: null },
    ),
    message: commitMessage({
      domain: "record",
      action: actionOf(command, record.tree),
      summary: command.summary.trim() === "" ? defaultSummary(command) : command.summary,
      command: command.type,
      operationId,
      caller,
    }),
    author: authorOf(caller),
    target:
      command.target === "file" && first !== undefined ? { kind: "file", path: pathOf(first) } : { kind: "record" },
    identifiers: noIdentifiers,
    demographics: null,
  };
};
