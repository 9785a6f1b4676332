import type { FileEntry } from "../record/view.ts";
import type { TreeState } from "./record-tree.ts";
import { emptyFolder, type FolderNode, type TreeNode } from "./tree-node.ts";

/** A file that is not the same in two trees; undefined where it does not exist. */
export interface FileDifference {
  readonly path: string;
  readonly before: FileEntry | undefined;
  readonly after: FileEntry | undefined;
}

const entryOf = (path: string, node: TreeNode | undefined): FileEntry | undefined =>
  node?.kind === "file" ? { path, oid: node.oid, size: node.size, broughtBy: node.broughtBy } : undefined;

/** Pairs the nodes of two folders by key, in Git's tree order. */
function* pairs(before: FolderNode, after: FolderNode): Generator<[TreeNode | undefined, TreeNode | undefined]> {
  for (let i = 0, j = 0; i < before.nodes.length || j < after.nodes.length;) {
    const a = before.nodes[i];
    const b = after.nodes[j];
    const order = a === undefined ? 1 : b === undefined ? -1 : a.key === b.key ? 0 : a.key < b.key ? -1 : 1;
    if (order <= 0) i++;
    if (order >= 0) j++;
    yield [order <= 0 ? a : undefined, order >= 0 ? b : undefined];
  }
}

const folderOrEmpty = (node: TreeNode | undefined): FolderNode => (node?.kind === "folder" ? node : emptyFolder);

function* differences(before: FolderNode, after: FolderNode, prefix: string): Generator<FileDifference> {
  if (before.oid === after.oid) return;
  for (const [a, b] of pairs(before, after)) {
    if (a === b || a?.oid === b?.oid) continue;
    const path = prefix + (a ?? b)?.key;
    if ((a ?? b)?.kind === "folder") yield* differences(folderOrEmpty(a), folderOrEmpty(b), path);
    else yield { path, before: entryOf(path, a), after: entryOf(path, b) };
  }
}

/** Files that differ between two trees, in Git's tree order; folders with one id are not looked into. */
export const diffTrees = (
  before: Pick<TreeState, "root"> | undefined,
  after: Pick<TreeState, "root"> | undefined,
): Iterable<FileDifference> => differences(before?.root ?? emptyFolder, after?.root ?? emptyFolder, "");
