import { Fault } from "../errors.ts";
import { decodeCommit } from "./commit-object.ts";
import { bringerOf, type NumberedCommit } from "./history.ts";
import { isAllowedName } from "./names.ts";
import { decodeTree, treeKey, type TreeItem } from "./objects.ts";
import type { Oid } from "./oid.ts";
import { emptyTree, pinnedPaths, treeState, type TreeState } from "./record-tree.ts";
import type { Position, Repository } from "./repository.ts";
import { decodeSnapshot } from "./snapshot.ts";
import { childOf, emptyFolder, folderOf, type FolderNode, type TreeNode } from "./tree-node.ts";

/** A record as it was after one commit. */
export interface PastState {
  readonly commit: NumberedCommit;
  readonly tree: TreeState;
}

/** What reading an old tree needs: its repository, and the newest segment its objects can be in. */
interface Reading {
  readonly repository: Repository;
  readonly newest: number;
}

const positionOf = async ({ repository, newest }: Reading, oid: Oid): Promise<Position> => {
  const position = await repository.find(oid, newest);
  if (position === undefined) throw new Fault("damaged", "An object of a tree is missing.", { oid });
  return position;
};

/** A file whose size and bringer are not known from a snapshot: the footers have both. */
const readFile = async (reading: Reading, key: string, oid: Oid): Promise<TreeNode> => {
  const { segments } = reading.repository;
  const { segment, entry } = await positionOf(reading, oid);
  const commits = (await segments.footer(segment)).commits();
  const broughtBy = bringerOf({ first: segments.places[segment]?.pack.first ?? 0, commits }, entry.offset);
  return { kind: "file", key, oid, size: entry.sizeOrTime, broughtBy };
};

const readItem = async (
  reading: Reading,
  { name, folder, oid }: TreeItem,
  known: FolderNode | undefined,
): Promise<TreeNode> => {
  if (!isAllowedName(name)) throw new Fault("damaged", "A stored tree has a name that a record cannot have.");
  const key = treeKey(name, folder);
  const old = known && childOf(known, key);
  if (old?.oid === oid) return old;
  if (!folder) return readFile(reading, key, oid);
  return readFolder(reading, { key, oid }, old?.kind === "folder" ? old : undefined);
};

const readFolder = async (
  reading: Reading,
  { key, oid }: { readonly key: string; readonly oid: Oid },
  known: FolderNode | undefined,
): Promise<FolderNode> => {
  if (oid === emptyFolder.oid) return { ...emptyFolder, key };
  const { type, body } = await reading.repository.object(await positionOf(reading, oid));
  if (type !== "tree") throw new Fault("damaged", "A tree names something else as a folder.", { oid });
  const nodes: TreeNode[] = [];
  for (const item of decodeTree(body)) nodes.push(await readItem(reading, item, known));
  return folderOf(key, nodes, { body, oid, depth: 0 });
};

const readPins = async (reading: Reading, tree: TreeState, known: TreeState): Promise<TreeState> => {
  const pins: Record<string, string> = {};
  for (const path of pinnedPaths) {
    const file = tree.file(path);
    if (file === undefined) continue;
    const same = known.file(path)?.oid === file.oid ? known.pins[path] : undefined;
    pins[path] = same ?? Buffer.from(await reading.repository.blob(file)).toString();
  }
  return treeState(tree.root, pins);
};

/** The tree at the end of the segment before: most of an old tree's files are in it. */
const treeBefore = async ({ segments }: Repository, segment: number): Promise<TreeState> =>
  segment > 0 ? decodeSnapshot(await segments.snapshot(segment - 1)).tree : emptyTree;

/**
 * A record as it was after commit `number` (commits before it); undefined when there is no such commit. `known`: a tree
 * near it, if the caller has one. Throws Fault segment-missing | damaged.
 */
export const treeAt = async (
  repository: Repository,
  number: number,
  known?: TreeState,
): Promise<PastState | undefined> => {
  const { segments, segmentOf, object } = repository;
  const newest = segmentOf(number);
  const place = segments.places[newest];
  const entry = place && (await segments.footer(newest)).commits()[number - place.pack.first];
  if (entry === undefined) return undefined;
  const commit = decodeCommit(entry.oid, (await object({ segment: newest, entry })).body);
  const base = known ?? (await treeBefore(repository, newest));
  const reading = { repository, newest };
  const root =
    base.root.oid === commit.tree ? base.root : await readFolder(reading, { key: "", oid: commit.tree }, base.root);
  return { commit: { ...commit, number }, tree: await readPins(reading, treeState(root, {}), base) };
};
