import { Refusal } from "../errors.ts";
import type { RecordTree } from "./view.ts";

/** What a change set leaves behind: the tree, less `deleted`, plus puts. */
export interface PathChanges {
  readonly puts: readonly string[];
  readonly deleted: ReadonlySet<string>;
}

const conflict = (path: string, detail: string): Refusal => new Refusal("path-conflict", detail, { path });

const beneath = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

/** Whether something at `path` is still there once the deletions are made. */
const remains = (tree: RecordTree, path: string, deleted: ReadonlySet<string>): boolean => {
  if (!tree.isFolder(path)) return tree.file(path) !== undefined && !deleted.has(path);
  if (deleted.size === 0) return true;
  for (const name of tree.names(path)) if (remains(tree, beneath(path, name), deleted)) return true;
  return false;
};

/** A new path against the tree: only the first name that is not a folder yet can collide. */
const refuseNewPath = (tree: RecordTree, path: string, deleted: ReadonlySet<string>): Refusal | null => {
  if (tree.isFolder(path)) {
    return remains(tree, path, deleted) ? conflict(path, `${path} is a folder.`) : null;
  }
  let end = path.lastIndexOf("/");
  while (end > 0 && !tree.isFolder(path.slice(0, end))) end = path.lastIndexOf("/", end - 1);
  const folder = end > 0 ? path.slice(0, end) : "";
  const [name = ""] = path.slice(folder === "" ? 0 : end + 1).split("/", 1);
  const child = beneath(folder, name);
  if (child !== path && tree.file(child) !== undefined && !deleted.has(child)) {
    return conflict(path, `${child} is a file, so it cannot be a folder.`);
  }
  for (const other of tree.namesLike(folder, name)) {
    const twin = beneath(folder, other);
    if (remains(tree, twin, deleted)) return conflict(path, `${child} differs from ${twin} only in case.`);
  }
  return null;
};

/** The puts of one set against each other: names equal but for case, and files where others need folders. */
const refuseAmongPuts = (puts: readonly string[]): Refusal | null => {
  const seen = new Map<string, string>();
  for (const path of puts) {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      const folder = path.slice(0, end + 1);
      const other = seen.get(folder.toLowerCase()) ?? folder;
      if (other !== folder) return conflict(path, `${folder} differs from ${other} only in case.`);
      seen.set(folder.toLowerCase(), folder);
    }
    const other = seen.get(path.toLowerCase());
    if (other !== undefined) return conflict(path, `${path} differs from ${other} only in case.`);
    seen.set(path.toLowerCase(), path);
  }
  const folded = puts.find((path) => seen.has(`${path.toLowerCase()}/`));
  return folded === undefined ? null : conflict(folded, `${folded} cannot be both a file and a folder.`);
};

/** Refusal path-conflict where the result would not fit every file system; null when it does. */
export const refuseConflicts = (tree: RecordTree, { puts, deleted }: PathChanges): Refusal | null => {
  for (const path of puts) {
    const refusal = tree.file(path) === undefined ? refuseNewPath(tree, path, deleted) : null;
    if (refusal !== null) return refusal;
  }
  return puts.length > 1 ? refuseAmongPuts(puts) : null;
};
