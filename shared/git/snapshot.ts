import { Fault } from "../errors.ts";
import { byteReader, byteWriter, type ByteReader, type ByteWriter } from "./bytes.ts";
import { deflate, inflate, store } from "./deflate.ts";
import { isAllowedName } from "./names.ts";
import { decodeTree, objectId, treeKey } from "./objects.ts";
import type { Oid } from "./oid.ts";
import { emptyTree, pinnedPaths, treeState, type Pins, type TreeState } from "./record-tree.ts";
import {
  childOf,
  editFolder,
  emptyFolder,
  folderOf,
  nameOf,
  type FolderNode,
  type NodeEdit,
  type TreeNode,
} from "./tree-node.ts";

/** A record as it is after a segment's last commit. */
export interface Snapshot {
  readonly commit: Oid;
  /** Number of commits up to and including it. */
  readonly commits: number;
  /** Its committer time, seconds since the epoch. */
  readonly committedAt: number;
  readonly tree: TreeState;
}

/** First byte of a snapshot. */
const version = 1;
const fullFolder = 0;
const changedFolder = 1;

const writeNode = (out: ByteWriter, node: TreeNode, base: TreeNode | undefined): void => {
  if (node.kind === "folder") writeFolder(out, node, base?.kind === "folder" ? base : undefined);
  else out.varint(node.size).varint(node.broughtBy);
};

/** A folder: whole (its tree object, then what Git does not keep of each entry), or as the changes from `base`. */
const writeFolder = (out: ByteWriter, folder: FolderNode, base: FolderNode | undefined): void => {
  if (base === undefined) {
    out.varint(fullFolder).varint(folder.depth).varint(folder.body.length).bytes(folder.body);
    for (const node of folder.nodes) writeNode(out, node, undefined);
    return;
  }
  const edits = changesOf(base, folder);
  out.varint(changedFolder).varint(folder.depth).varint(edits.length);
  for (const { key, node } of edits) {
    out.text(key).varint(node === undefined ? 0 : 1);
    if (node?.kind === "file") out.hex(node.oid);
    if (node !== undefined) writeNode(out, node, childOf(base, key));
  }
};

/** What makes `after` of `before`: nodes that are not the very same, by key. */
const changesOf = (before: FolderNode, after: FolderNode): NodeEdit[] => {
  const [old, now] = [before.nodes, after.nodes];
  const edits: NodeEdit[] = [];
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    const a = old[i];
    const b = now[j];
    if (a === b) {
      i++;
      j++;
    } else if (a === undefined || (b !== undefined && b.key < a.key)) {
      if (b !== undefined) edits.push({ key: b.key, node: b });
      j++;
    } else if (b === undefined || a.key < b.key) {
      edits.push({ key: a.key, node: undefined });
      i++;
    } else {
      edits.push({ key: b.key, node: b });
      i++;
      j++;
    }
  }
  return edits;
};

/** A snapshot as a zlib stream; with `base` it holds only what changed since, and is not worth deflating: it lives for one batch. */
export const encodeSnapshot = ({ commit, commits, committedAt, tree }: Snapshot, base?: TreeState): Buffer => {
  const out = byteWriter(base === undefined ? tree.root.body.length * 2 + 1024 : 1024);
  out.varint(version).hex(commit).varint(commits).varint(committedAt);
  const pins = pinnedPaths.map((path) => [path, tree.pins[path]] as const);
  for (const [path, content] of pins) {
    const changed = content !== base?.pins[path];
    out.varint(changed ? (content === undefined ? 1 : 2) : 0);
    if (changed && content !== undefined) out.text(content);
  }
  writeFolder(out, tree.root, base?.root);
  return base === undefined ? deflate(out.done()) : store(out.done());
};

const checkName = (node: TreeNode): void => {
  if (!isAllowedName(nameOf(node))) throw new Fault("damaged", "A stored tree has a name that a record cannot have.");
};

const readFull = (from: ByteReader, key: string): FolderNode => {
  const depth = from.varint();
  const body = Uint8Array.from(from.bytes(from.varint()));
  const nodes = decodeTree(body).map(({ name, folder, oid }): TreeNode => {
    const childKey = treeKey(name, folder);
    const child: TreeNode = folder
      ? readFolder(from, childKey, undefined)
      : { kind: "file", key: childKey, oid, size: from.varint(), broughtBy: from.varint() };
    checkName(child);
    if (child.oid !== oid) throw new Fault("damaged", "A snapshot's trees do not match.", { oid });
    return child;
  });
  return folderOf(key, nodes, { body, depth, oid: objectId("tree", body) });
};

const readEdit = (from: ByteReader, base: FolderNode): NodeEdit => {
  const key = from.text();
  if (from.varint() === 0) return { key, node: undefined };
  const old = childOf(base, key);
  const node: TreeNode = key.endsWith("/")
    ? readFolder(from, key, old?.kind === "folder" ? old : undefined)
    : { kind: "file", key, oid: from.hex(), size: from.varint(), broughtBy: from.varint() };
  checkName(node);
  return { key, node };
};

// oxlint-disable-next-line max-params -- a reader, and the place that is read
const readFolder = (from: ByteReader, key: string, base: FolderNode | undefined): FolderNode => {
  if (from.varint() === fullFolder) return readFull(from, key);
  const depth = from.varint();
  const to = base ?? { ...emptyFolder, key };
  const edits = Array.from({ length: from.varint() }, () => readEdit(from, to));
  return { ...editFolder(to, edits, () => depth), depth };
};

const readPins = (from: ByteReader, base: Pins): Pins => {
  const pins: Record<string, string> = { ...base };
  for (const path of pinnedPaths) {
    const tag = from.varint();
    if (tag === 1) delete pins[path];
    if (tag === 2) pins[path] = from.text();
  }
  return pins;
};

/** Reads a snapshot; one that holds only changes is applied to `base`. Throws Fault damaged. */
export const decodeSnapshot = (stored: Uint8Array, base: TreeState = emptyTree): Snapshot => {
  const from = byteReader(inflate(stored));
  if (from.varint() !== version) throw new Fault("damaged", "A snapshot has an unknown version.");
  const commit = from.hex();
  const commits = from.varint();
  const committedAt = from.varint();
  const pins = readPins(from, base.pins);
  return { commit, commits, committedAt, tree: treeState(readFolder(from, "", base.root), pins) };
};
