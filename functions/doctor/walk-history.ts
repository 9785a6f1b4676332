import fs from "node:fs";
import * as isomorphicGit from "isomorphic-git";
import type { Oid } from "../../shared/git/oid.ts";
import type { BareRepository } from "./bare-repository.ts";
import type { Notebook } from "./finding.ts";

/** A file of the record as the trees have it. */
interface TrackedFile {
  readonly oid: Oid;
  readonly size: number;
  /** Number of commits before the one that put this content here. */
  readonly broughtBy: number;
}

/** The files of the record after one commit, by path. */
export type TrackedFiles = ReadonlyMap<string, TrackedFile>;

/** A commit as isomorphic-git reads it. */
export interface WalkedCommit {
  readonly oid: Oid;
  /** Number of commits before it. */
  readonly number: number;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly message: string;
  /** Times are seconds since the epoch. */
  readonly author: { readonly name: string; readonly email: string; readonly timestamp: number };
  readonly committedAt: number;
}

/** Is shown every commit, oldest first, with the files right after it. */
export type Visitor = (commit: WalkedCommit, files: TrackedFiles) => void;

interface Folder {
  readonly oid: Oid;
  readonly entries: ReadonlyMap<string, { readonly oid: Oid; readonly folder: Folder | undefined }>;
}

interface Walk {
  readonly repository: BareRepository;
  readonly files: Map<string, TrackedFile>;
  /** Objects read so far. */
  readonly seen: Set<Oid>;
  number: number;
}

const readers = ({ gitdir, cache }: BareRepository) => ({
  log: () => isomorphicGit.log({ fs, gitdir, cache, ref: "main" }),
  tree: (oid: Oid) => isomorphicGit.readTree({ fs, gitdir, cache, oid }),
  blob: (oid: Oid) => isomorphicGit.readBlob({ fs, gitdir, cache, oid }),
  object: (oid: Oid) => isomorphicGit.readObject({ fs, gitdir, cache, oid, format: "content" }),
});

/** The size of a blob: read when it is first met, then as the footers say, which that reading has confirmed. */
const sizeOf = async ({ repository, seen }: Walk, oid: Oid): Promise<number> => {
  const claimed = repository.claimed.get(oid)?.sizeOrTime ?? -1;
  if (seen.has(oid)) return claimed;
  const { blob } = await readers(repository).blob(oid);
  if (blob.length !== claimed) throw new Error(`the size of ${oid} is not what the index says`);
  seen.add(oid);
  return claimed;
};

const forget = (walk: Walk, path: string, folder: Folder | undefined): void => {
  if (folder === undefined) walk.files.delete(path);
  else for (const [name, { folder: below }] of folder.entries) forget(walk, `${path}/${name}`, below);
};

/** Reads a folder that changed, and below it only what changed. */
const readFolder = async (walk: Walk, oid: Oid, at: { path: string; old: Folder | undefined }): Promise<Folder> => {
  if (at.old?.oid === oid) return at.old;
  const { tree } = await readers(walk.repository).tree(oid);
  walk.seen.add(oid);
  const entries = new Map<string, { oid: Oid; folder: Folder | undefined }>();
  const before = at.old?.entries;
  for (const { path: name, oid: child, type } of tree) {
    const path = at.path === "" ? name : `${at.path}/${name}`;
    const was = before?.get(name);
    if (was !== undefined && (was.folder === undefined) !== (type === "blob")) forget(walk, path, was.folder);
    if (type === "tree") {
      entries.set(name, { oid: child, folder: await readFolder(walk, child, { path, old: was?.folder }) });
      continue;
    }
    entries.set(name, { oid: child, folder: undefined });
    if (was?.oid === child) continue;
    walk.files.set(path, { oid: child, size: await sizeOf(walk, child), broughtBy: walk.number });
  }
  for (const [name, { folder }] of before ?? []) {
    if (!entries.has(name)) forget(walk, at.path === "" ? name : `${at.path}/${name}`, folder);
  }
  return { oid, entries };
};

/** isomorphic-git's log of the branch, oldest first. */
const readLog = async (repository: BareRepository): Promise<readonly WalkedCommit[]> => {
  const log = await readers(repository).log();
  return log.toReversed().map(({ oid, commit }, number) => ({
    oid,
    number,
    tree: commit.tree,
    parents: commit.parent,
    message: commit.message,
    author: commit.author,
    committedAt: commit.committer.timestamp,
  }));
};

/** The history is one line, as long as the head says, in the order of the footers, and time never runs backwards. */
const checkLine = (log: readonly WalkedCommit[], repository: BareRepository, notes: Notebook): void => {
  const broken = (oid: Oid, why: string): void => notes.add("history-broken", `commit ${oid}`, why);
  for (const [number, { oid, parents, committedAt }] of log.entries()) {
    const parent = log[number - 1];
    const isLinked = parent === undefined ? parents.length === 0 : parents.length === 1 && parents[0] === parent.oid;
    if (!isLinked) broken(oid, "Its parent is not the commit before it.");
    if (parent !== undefined && committedAt < parent.committedAt) broken(oid, "It is older than its parent.");
    if (repository.commits[number] !== oid) broken(oid, `The index has another commit as number ${number}.`);
    if (repository.claimed.get(oid)?.sizeOrTime !== committedAt) broken(oid, "The index has another time for it.");
  }
  if (repository.commits.length > log.length) {
    const lost = repository.commits.length - log.length;
    notes.add("history-broken", "head", `${lost} stored commits cannot be reached from the head's commit.`);
  }
};

/** Walks the whole history with isomorphic-git: every commit, tree and blob of the pack is read. */
export const walkHistory = async (
  repository: BareRepository,
  visit: Visitor,
  notes: Notebook,
): Promise<readonly WalkedCommit[] | undefined> => {
  const log = await notes.attempt("history-broken", "log", () => readLog(repository));
  if (log === undefined) return undefined;
  checkLine(log, repository, notes);
  const walk: Walk = { repository, files: new Map(), seen: new Set(log.map(({ oid }) => oid)), number: 0 };
  let root: Folder | undefined;
  for (const commit of log) {
    walk.number = commit.number;
    const old = root;
    root = await notes.attempt("object-damaged", `commit ${commit.oid}`, () =>
      readFolder(walk, commit.tree, { path: "", old }),
    );
    if (root === undefined) return undefined;
    visit(commit, walk.files);
  }
  for (const oid of repository.oids) {
    if (walk.seen.has(oid)) continue;
    await notes.attempt("object-damaged", `object ${oid}`, () => readers(repository).object(oid));
  }
  return log;
};
