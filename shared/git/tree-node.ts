import { Fault } from "../errors.ts";
import { encodeDelta, splice, splicedLength, type Splice } from "./delta.ts";
import { maxDeltaDepth } from "./limits.ts";
import { objectBuffer, treeItemLength, writeTreeItem, type GitObject, type ObjectType } from "./objects.ts";
import { encodeDeltaEntry, encodeEntry } from "./pack.ts";
import type { Oid } from "./oid.ts";

/** A file in a folder. `key` is its place in Git's tree order. */
interface FileNode {
  readonly kind: "file";
  readonly key: string;
  readonly oid: Oid;
  readonly size: number;
  readonly broughtBy: number;
}

/** A folder and everything below it. Immutable: changed folders are new nodes that share the rest. */
export interface FolderNode {
  readonly kind: "folder";
  /** Name and a slash; empty for the root. */
  readonly key: string;
  readonly oid: Oid;
  /** Deltas between the tree's newest entry and a whole object. */
  readonly depth: number;
  readonly nodes: readonly TreeNode[];
  /** The tree object's body, from which the next one is spliced. */
  readonly body: Uint8Array;
  readonly fileCount: number;
}

export type TreeNode = FileNode | FolderNode;

const emptyBody = objectBuffer("tree", 0);

/** The root of a record without files. */
export const emptyFolder: FolderNode = {
  kind: "folder",
  key: "",
  oid: emptyBody.id(),
  depth: 0,
  nodes: [],
  body: emptyBody.body,
  fileCount: 0,
};

/** A node's name: its key without the slash of a folder. */
export const nameOf = ({ kind, key }: TreeNode): string => (kind === "folder" ? key.slice(0, -1) : key);

/** Index of `key`, or, as `-1 - index`, where it belongs. */
export const indexOfKey = (nodes: readonly TreeNode[], key: string): number => {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = nodes[middle]?.key ?? "";
    if (there === key) return middle;
    if (there < key) low = middle + 1;
    else high = middle;
  }
  return -1 - low;
};

/** The node of a folder with this key. */
export const childOf = ({ nodes }: FolderNode, key: string): TreeNode | undefined => nodes[indexOfKey(nodes, key)];

const itemBytes = (node: TreeNode): number => treeItemLength(nameOf(node), node.kind === "folder");

const encodeItem = (node: TreeNode): Uint8Array => {
  const bytes = Buffer.allocUnsafe(itemBytes(node));
  writeTreeItem(bytes, 0, { name: nameOf(node), folder: node.kind === "folder", oid: node.oid });
  return bytes;
};

/** A change of one place in a folder: `node` takes the place of what has this key, or nothing does. */
export interface NodeEdit {
  readonly key: string;
  readonly node: TreeNode | undefined;
}

/** Where the entry of node `index` starts in the tree's body, counted from the nearer end. */
const offsetOf = ({ nodes, body }: FolderNode, index: number): number => {
  let at = 0;
  if (index <= nodes.length / 2) {
    for (let i = 0; i < index; i++) at += entryLength(nodes[i]);
    return at;
  }
  at = body.length;
  for (let i = nodes.length - 1; i >= index; i--) at -= entryLength(nodes[i]);
  return at;
};

/** A folder's key has a slash that its name has not; its mode is one digit shorter. */
const entryLength = (node: TreeNode | undefined): number =>
  node === undefined ? 0 : node.key.length + (node.kind === "folder" ? 26 : 28);

const filesIn = (node: TreeNode | undefined): number =>
  node === undefined ? 0 : node.kind === "file" ? 1 : node.fileCount;

/** What a folder becomes: its nodes, the splices of its body, its number of files. */
interface Edited {
  readonly nodes: TreeNode[];
  readonly splices: Splice[];
  readonly fileCount: number;
}

const edit = (folder: FolderNode, edits: readonly NodeEdit[]): Edited => {
  const nodes: TreeNode[] = folder.nodes.slice();
  const splices: Splice[] = [];
  let { fileCount } = folder;
  let shift = 0;
  for (const { key, node } of edits) {
    const found = indexOfKey(folder.nodes, key);
    const index = found < 0 ? -1 - found : found;
    const old = found < 0 ? undefined : folder.nodes[index];
    if (old === node) continue;
    const from = offsetOf(folder, index);
    fileCount += filesIn(node) - filesIn(old);
    if (old !== undefined && node !== undefined) {
      nodes[index + shift] = node;
      const to = from + entryLength(old);
      if (old.oid !== node.oid) splices.push({ from: to - 20, to, bytes: Buffer.from(node.oid, "hex") });
    } else if (node === undefined) {
      nodes.splice(index + shift--, 1);
      splices.push({ from, to: from + entryLength(old), bytes: Buffer.alloc(0) });
    } else {
      nodes.splice(index + shift++, 0, node);
      splices.push({ from, to: from, bytes: encodeItem(node) });
    }
  }
  return { nodes, splices, fileCount };
};

/** An object to be stored. */
export interface NewObject {
  readonly oid: Oid;
  readonly type: ObjectType;
  readonly sizeOrTime: number;
  /** Makes the pack entry; called only when the object is not in the segment yet. `whole`: it must not be a delta. */
  readonly encode: (whole: boolean) => EncodedObject;
}

export interface EncodedObject {
  readonly entry: Uint8Array;
  readonly depth: number;
  /** What the entry leans on, when it is a delta. */
  readonly base?: Oid;
}

/** An object's entry that leans on nothing. */
export const encodeWhole = (object: Pick<GitObject, "type" | "body">): EncodedObject => ({
  entry: encodeEntry(object),
  depth: 0,
});

/** Stores an object in the segment in hand, once; returns the delta depth of the entry that stands there. */
export type Store = (object: NewObject) => number;

/** A changed tree as a delta of the one before; undefined when that is longer or its chain is at its end. */
const encodeTreeDelta = (
  before: FolderNode,
  after: Uint8Array,
  splices: readonly Splice[],
): EncodedObject | undefined => {
  if (before.depth < maxDeltaDepth && before.nodes.length > 0) {
    const delta = encodeDelta(before.body.length, splices);
    if (delta.length + 40 < after.length) {
      return { entry: encodeDeltaEntry(before.oid, delta), depth: before.depth + 1, base: before.oid };
    }
  }
  return undefined;
};

/** The folder with `edits` made to it, which are in the order of their keys. `store` gets the new tree and tells its depth. */
export const editFolder = (folder: FolderNode, edits: readonly NodeEdit[], store: Store): FolderNode => {
  const { nodes, splices, fileCount } = edit(folder, edits);
  const { body, id } = objectBuffer("tree", splicedLength(folder.body.length, splices));
  splice(folder.body, splices, body);
  const oid = id();
  const encode = (whole: boolean): EncodedObject =>
    (whole ? undefined : encodeTreeDelta(folder, body, splices)) ?? encodeWhole({ type: "tree", body });
  const vanishes = nodes.length === 0 && folder.key !== "";
  const depth = vanishes ? 0 : store({ oid, type: "tree", sizeOrTime: body.length, encode });
  return { kind: "folder", key: folder.key, oid, depth, nodes, body, fileCount };
};

/** A folder made of nodes as they were read, with the body of its tree. Throws Fault damaged when they do not match. */
export const folderOf = (
  key: string,
  nodes: readonly TreeNode[],
  { body, oid, depth }: Pick<FolderNode, "body" | "oid" | "depth">,
): FolderNode => {
  let fileCount = 0;
  let length = 0;
  for (const node of nodes) {
    fileCount += filesIn(node);
    length += entryLength(node);
  }
  if (length !== body.length) throw new Fault("damaged", "A tree does not match its entries.", { oid });
  return { kind: "folder", key, oid, depth, nodes, body, fileCount };
};
