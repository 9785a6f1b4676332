import { Fault, isFault } from "../shared/errors.ts";
import type { NumberedCommit } from "../shared/git/history.ts";
import { numberAtTime, numberOfCommit, readCommits } from "../shared/git/history.ts";
import type { Oid } from "../shared/git/oid.ts";
import { openRepository, type Repository } from "../shared/git/repository.ts";
import { segmentCache, type SegmentCache } from "../shared/git/segment-cache.ts";
import type { RecordState } from "../shared/git/state.ts";
import { treeAt } from "../shared/git/tree-at.ts";
import { diffTrees } from "../shared/git/tree-diff.ts";
import type { Head } from "../shared/head.ts";
import type { Instant, PatientId } from "../shared/operation.ts";
import type { Engine } from "../shared/ports.ts";
import { type RecordCache, recordCache } from "./record-cache.ts";
import type { LoggedCommit, RecordReader, RecordVersion } from "./record-reader.ts";

export interface ReadRecordsOptions {
  readonly engine: Pick<Engine, "heads" | "segments">;
  /** Memory for current states, and as much for parts of segments, bytes. */
  readonly cacheBytes: number;
}

/** One patient's repository as of one read of its head. */
interface Opened {
  readonly head: Head & { readonly commit: Oid };
  readonly state: RecordState;
  readonly repository: Repository;
}

interface Sources extends ReadRecordsOptions {
  readonly states: RecordCache;
  readonly segments: SegmentCache;
}

/** Reads records of an engine. A segment that a compaction or a seal took away meanwhile: the head is read again. */
export const readRecords = (options: ReadRecordsOptions): RecordReader => {
  const { engine, cacheBytes } = options;
  // Half for footers, half for parts of packs.
  const sources = {
    ...options,
    states: recordCache(engine.segments, cacheBytes),
    segments: segmentCache(cacheBytes / 2),
  };
  const opened = <T>(patientId: PatientId, use: (opened: Opened) => Promise<T>) =>
    withOpened(sources, { patientId }, use);
  return {
    current: (patientId) => opened(patientId, async ({ head, state }) => currentVersion(head, state)),
    at: (patientId, point) =>
      opened(patientId, async (one) => {
        const number = await numberOf(one.repository, point);
        return number === undefined ? undefined : versionAt(one, number);
      }),
    content: async ({ head }, file) => {
      const content = await withOpened(sources, head, ({ repository }) => repository.blob(file));
      if (content === undefined) throw new Fault("damaged", "A record that was read has no head any more.");
      return content;
    },
    log: (patientId, { before, limit }) =>
      opened(patientId, async ({ state, repository }) => {
        const to = Math.min(before ?? state.commits, state.commits);
        const from = Math.max(0, to - limit);
        const commits = await readCommits(repository, from, to);
        const items = commits.toReversed().map(loggedCommit);
        return from > 0 ? { items, next: from } : { items };
      }),
    commit: (patientId, oid) =>
      opened(patientId, async (one) => {
        const number = await numberOfCommit(one.repository, oid);
        return number === undefined ? undefined : changeAt(one, number);
      }),
  };
};

const mostReads = 3;

const withOpened = async <T>(
  { engine, states, segments }: Sources,
  start: Head | Pick<Head, "patientId">,
  use: (opened: Opened) => Promise<T>,
): Promise<T | undefined> => {
  const { patientId } = start;
  for (let read = 1; ; read++) {
    const head = read === 1 && "commit" in start ? start : await engine.heads.read(patientId);
    if (head === undefined || head.commit === null) return undefined;
    const { commit, packs } = head;
    try {
      const state = await states.load(head);
      const repository = openRepository({
        patientId,
        packs,
        commits: head.commits,
        read: (id, range) => engine.segments.get(patientId, id, range),
        cache: segments,
        tail: state.tail,
      });
      return await use({ head: { ...head, commit }, state, repository });
    } catch (cause) {
      if (!isFault(cause, "segment-missing") || read === mostReads) throw cause;
    }
  }
};

const numberOf = (
  repository: Repository,
  point: { readonly commit: Oid } | { readonly time: Instant },
): Promise<number | undefined> =>
  "commit" in point
    ? numberOfCommit(repository, point.commit)
    : numberAtTime(repository, Math.floor(Date.parse(point.time) / 1_000));

const instantOf = (seconds: number): Instant => new Date(seconds * 1_000).toISOString();

const currentVersion = (head: Opened["head"], { commits, committedAt, tree }: RecordState): RecordVersion => ({
  patientId: head.patientId,
  head,
  commit: head.commit,
  commits,
  committedAt: instantOf(committedAt),
  tree,
});

interface Past {
  readonly version: RecordVersion;
  readonly commit: NumberedCommit;
}

const pastAt = async ({ head, state, repository }: Opened, number: number): Promise<Past | undefined> => {
  const past = await treeAt(repository, number, state.tree);
  if (past === undefined) return undefined;
  const { commit, tree } = past;
  const { patientId } = head;
  const committedAt = instantOf(commit.committer.at);
  return { commit, version: { patientId, head, commit: commit.oid, commits: number + 1, committedAt, tree } };
};

const versionAt = async (opened: Opened, number: number): Promise<RecordVersion | undefined> =>
  (await pastAt(opened, number))?.version;

const changeAt = async (opened: Opened, number: number): ReturnType<RecordReader["commit"]> => {
  const past = await pastAt(opened, number);
  if (past === undefined) return undefined;
  const before = number === 0 ? undefined : await versionAt(opened, number - 1);
  const changes = [...diffTrees(before?.tree, past.version.tree)];
  return { commit: loggedCommit(past.commit), before, after: past.version, changes };
};

const loggedCommit = ({ oid, number, parents, message, author, committer }: NumberedCommit): LoggedCommit => ({
  oid,
  number,
  parents,
  message,
  author: { ...author, at: instantOf(author.at) },
  committer: { ...committer, at: instantOf(committer.at) },
});
