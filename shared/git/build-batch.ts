import type { FileChange } from "../record/view.ts";
import { encodeCommit, type Signature } from "./commit-object.ts";
import { encodeEntry } from "./pack.ts";
import type { Oid } from "./oid.ts";
import type { PackMap, PackMapChange, SegmentId } from "./pack-map.ts";
import { maxReplacedTails } from "./limits.ts";
import { applyChanges } from "./record-tree.ts";
import { extendSegment, type SegmentDraft } from "./segment.ts";
import { segmentId } from "./segment-id.ts";
import type { RecordState, Tail } from "./state.ts";

/** One commit to be made. Times are seconds since the epoch. */
export interface CommitDraft {
  readonly changes: readonly FileChange[];
  readonly message: string;
  readonly author: Signature;
  /** Its time is raised to the parent's when that is later. */
  readonly committer: Signature;
}

export interface BatchRequest {
  readonly state: RecordState;
  /** Of the head as acquired. */
  readonly head: { readonly packs: PackMap; readonly replaced: readonly SegmentId[] };
  /** At least one. */
  readonly drafts: readonly CommitDraft[];
  readonly epoch: number;
  /** Lower-case letters and digits, never the same twice for a patient and epoch; 6 are plenty. */
  readonly random: string;
  readonly limits: { readonly tailBytes: number };
  /** Signs the last commit's bytes; returns an armoured signature. */
  readonly sign?: (commit: Uint8Array) => string;
}

export interface Batch {
  /** The record after the batch, for the writer's cache once it is settled. */
  readonly state: RecordState;
  /** Ids of the commits, in the order of the drafts. */
  readonly commits: readonly Oid[];
  /** To be put before the head moves. */
  readonly segment: { readonly id: SegmentId; readonly bytes: Uint8Array };
  readonly packs: PackMapChange;
  readonly replaced: readonly SegmentId[];
  /** Tails that this batch's seal left; to be deleted once it is settled. */
  readonly sealDeletes: readonly SegmentId[];
}

/** Adds one commit: commit first, then its trees and blobs. */
const addCommit = (
  state: RecordState,
  { draft, sign }: { readonly draft: CommitDraft; readonly sign: BatchRequest["sign"] },
  segment: SegmentDraft,
): RecordState => {
  const place = segment.reserve();
  const tree = applyChanges(state.tree, draft.changes, { number: state.commits, store: segment.store });
  const committedAt = Math.max(draft.committer.at, state.committedAt);
  const commit = encodeCommit(
    {
      tree: tree.root.oid,
      parents: state.commit === null ? [] : [state.commit],
      author: draft.author,
      committer: { ...draft.committer, at: committedAt },
      message: draft.message,
    },
    sign,
  );
  segment.fill(place, { oid: commit.oid, entry: encodeEntry(commit), committedAt });
  return { ...state, commit: commit.oid, commits: state.commits + 1, committedAt, tree };
};

/** What the head's lists become when `id` takes the place of the tail. */
const replacement = (head: BatchRequest["head"], tail: Tail | undefined, sealed: boolean) => {
  const gone = tail === undefined ? head.replaced : [...head.replaced, tail.id];
  return sealed ? { replaced: [], sealDeletes: gone } : { replaced: gone, sealDeletes: [] };
};

/**
 * Builds the commits of a batch and the one segment that holds them: the tail with the new objects added, sealed when
 * it reached `tailBytes` or the head lists 40 replaced tails. Throws Refusal invalid-path | path-conflict.
 */
export const buildBatch = ({ state, head, drafts, epoch, random, limits, sign }: BatchRequest): Batch => {
  const { tail } = state;
  const draft = extendSegment(tail?.bytes);
  const commits: Oid[] = [];
  let next = state;
  for (const [index, one] of drafts.entries()) {
    next = addCommit(next, { draft: one, sign: index === drafts.length - 1 ? sign : undefined }, draft);
    if (next.commit !== null) commits.push(next.commit);
  }
  const first = tail?.first ?? state.commits;
  const id = segmentId({ first, by: "writer", number: epoch, random });
  const sealed = draft.packLength() >= limits.tailBytes || head.replaced.length + 1 >= maxReplacedTails;
  const snapshot = {
    commit: commits.at(-1) ?? "",
    commits: next.commits,
    committedAt: next.committedAt,
    tree: next.tree,
  };
  const { bytes, lengths } = draft.finish(snapshot, sealed ? undefined : state.sealed);
  return {
    state: {
      ...next,
      sealed: sealed ? next.tree : state.sealed,
      tail: sealed ? undefined : { id, first, bytes },
    },
    commits,
    segment: { id, bytes },
    packs: { put: { [id]: { first, ...lengths, sealed } }, remove: tail === undefined ? [] : [tail.id] },
    ...replacement(head, tail, sealed),
  };
};
