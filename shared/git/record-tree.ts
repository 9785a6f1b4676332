import { Refusal } from "../errors.ts";
import type { FileChange, FileEntry, RecordTree } from "../record/view.ts";
import { encodeBlob } from "./objects.ts";
import { namesLike } from "./names-like.ts";
import { checkPath } from "./names.ts";
import {
  childOf,
  editFolder,
  emptyFolder,
  encodeWhole,
  indexOfKey,
  nameOf,
  type FolderNode,
  type NodeEdit,
  type Store,
  type TreeNode,
} from "./tree-node.ts";

/** Small files whose content is kept with the tree. */
export const pinnedPaths = ["ehr_status.yaml", "demographics/patient.yaml"] as const;

/** Contents of the pinned files that exist, by path. */
export type Pins = Readonly<Record<string, string>>;

/** A record's tree with all that a writer needs to go on from it. */
export interface TreeState extends RecordTree {
  readonly root: FolderNode;
  readonly pins: Pins;
}

const entryOf = (path: string, node: TreeNode | undefined): FileEntry | undefined =>
  node?.kind === "file" ? { path, oid: node.oid, size: node.size, broughtBy: node.broughtBy } : undefined;

/** The folder at `path` ("" is the root). */
const folderAt = (root: FolderNode, path: string): FolderNode | undefined => {
  let folder = root;
  for (let from = 0; from < path.length;) {
    const slash = path.indexOf("/", from);
    const end = slash < 0 ? path.length : slash;
    const child = childOf(folder, `${path.slice(from, end)}/`);
    if (child?.kind !== "folder") return undefined;
    folder = child;
    from = end + 1;
  }
  return folder;
};

function* filesOf(folder: FolderNode, prefix: string): Generator<FileEntry> {
  for (const node of folder.nodes) {
    if (node.kind === "folder") yield* filesOf(node, prefix + node.key);
    else yield { path: prefix + node.key, oid: node.oid, size: node.size, broughtBy: node.broughtBy };
  }
}

function* namesOf(folder: FolderNode): Generator<string> {
  for (const node of folder.nodes) yield nameOf(node);
}

/** The tree whose root is `root`. */
export const treeState = (root: FolderNode, pins: Pins): TreeState => ({
  root,
  pins,
  fileCount: root.fileCount,
  file: (path) => {
    const slash = path.lastIndexOf("/");
    const folder = folderAt(root, path.slice(0, Math.max(slash, 0)));
    return folder && entryOf(path, childOf(folder, path.slice(slash + 1)));
  },
  isFolder: (path) => folderAt(root, path) !== undefined,
  names: (path) => {
    const folder = folderAt(root, path);
    return folder === undefined ? [] : namesOf(folder);
  },
  namesLike: (path, name) => {
    const folder = folderAt(root, path);
    return folder === undefined ? [] : namesLike(folder, name);
  },
  files: () => filesOf(root, ""),
  pinned: (path) => pins[path],
});

/** A record before its first commit. */
export const emptyTree: TreeState = treeState(emptyFolder, {});

/** Changes of one folder: contents of its files (null: delete) and changes of its folders, by name. */
interface FolderChange {
  readonly files: Map<string, string | null>;
  readonly folders: Map<string, FolderChange>;
}

const folderChange = (): FolderChange => ({ files: new Map(), folders: new Map() });

const byFolder = (changes: readonly FileChange[]): FolderChange => {
  const root = folderChange();
  for (const { path, content } of changes) {
    checkPath(path);
    const segments = path.split("/");
    const name = segments.pop() ?? "";
    let folder = root;
    for (const segment of segments) {
      let child = folder.folders.get(segment);
      if (child === undefined) folder.folders.set(segment, (child = folderChange()));
      folder = child;
    }
    folder.files.set(name, content);
  }
  return root;
};

/** What applying changes needs: the number of the commit they belong to, and where objects go. */
interface Applying {
  readonly number: number;
  readonly store: Store;
}

const fileEdit = (old: TreeNode | undefined, [name, content]: [string, string | null], by: Applying): NodeEdit => {
  if (content === null) return { key: name, node: undefined };
  const blob = encodeBlob(content);
  if (old?.oid === blob.oid) return { key: name, node: old };
  const size = blob.body.length;
  const { oid } = blob;
  by.store({ oid, type: "blob", sizeOrTime: size, encode: () => encodeWhole(blob) });
  return { key: name, node: { kind: "file", key: name, oid, size, broughtBy: by.number } };
};

/** A name may be a file or a folder, not both. */
const checkKinds = (folder: FolderNode, edits: readonly NodeEdit[]): void => {
  for (const { key, node } of edits) {
    if (node === undefined) continue;
    const twin = node.kind === "folder" ? nameOf(node) : `${key}/`;
    if (indexOfKey(folder.nodes, twin) >= 0) {
      throw new Refusal("path-conflict", `The name ${JSON.stringify(nameOf(node))} is both a file and a folder.`);
    }
  }
};

const applyTo = (folder: FolderNode, change: FolderChange, by: Applying): FolderNode => {
  const edits: NodeEdit[] = [];
  const add = (old: TreeNode | undefined, edit: NodeEdit): void => {
    if (old !== edit.node) edits.push(edit);
  };
  for (const file of change.files) {
    const old = childOf(folder, file[0]);
    add(old, fileEdit(old, file, by));
  }
  for (const [name, below] of change.folders) {
    const key = `${name}/`;
    const old = childOf(folder, key);
    const from = old?.kind === "folder" ? old : { ...emptyFolder, key };
    const node = applyTo(from, below, by);
    add(old, { key, node: node.nodes.length === 0 ? undefined : node });
  }
  if (edits.length === 0) return folder;
  edits.sort((a, b) => (a.key < b.key ? -1 : 1));
  const edited = editFolder(folder, edits, by.store);
  checkKinds(edited, edits);
  return edited;
};

const pinsAfter = (pins: Pins, changes: readonly FileChange[]): Pins => {
  let after = pins;
  for (const path of pinnedPaths) {
    const change = changes.findLast((one) => one.path === path);
    if (change === undefined) continue;
    const { [path]: _, ...others } = after;
    after = change.content === null ? others : { ...others, [path]: change.content };
  }
  return after;
};

/**
 * The tree after commit number `by.number` made these changes; its new trees and blobs go to `by.store`. Folders left
 * empty vanish; a file put as it is stays as it is. Throws Refusal invalid-path | path-conflict.
 */
export const applyChanges = (tree: TreeState, changes: readonly FileChange[], by: Applying): TreeState => {
  const root = applyTo(tree.root, byFolder(changes), by);
  return root === tree.root ? tree : treeState(root, pinsAfter(tree.pins, changes));
};
