import type { FileChange } from "../record/view.ts";
import { encodeCommit, type Signature } from "./commit-object.ts";
import { encodeEntry } from "./pack.ts";
import type { Oid } from "./oid.ts";
import type { PackMap, PackMapChange, SegmentId } from "./pack-map.ts";
import { maxReplacedTails } from "./limits.ts";
import { applyChanges, type TreeState } from "./record-tree.ts";
import { extendSegment, type SegmentDraft } from "./segment.ts";
import { segmentId } from "./segment-id.ts";
import type { RecordState, Tail } from "./state.ts";
import { emptyFolder, encodeWhole, type NewObject } from "./tree-node.ts";

/** One commit to be made. Times are seconds since the epoch. */
export interface CommitDraft {
  readonly changes: readonly FileChange[];
  readonly message: string;
  readonly author: Signature;
  /** Its time is raised to the parent's when that is later. */
  readonly committer: Signature;
}

export interface BatchStart {
  readonly state: RecordState;
  /** Of the head as acquired. */
  readonly head: { readonly packs: PackMap; readonly replaced: readonly SegmentId[] };
  readonly epoch: number;
  /** Lower-case letters and digits, never the same twice for a patient and epoch; 6 are plenty. */
  readonly random: string;
  readonly limits: { readonly tailBytes: number };
}

/** Signs a commit's bytes; returns an armoured signature. */
export type Sign = (commit: Uint8Array) => string;

/** A batch that grows by one commit at a time: each is decided against the tree that the one before left. */
export interface OpenBatch {
  /** The tree after the last commit added. */
  tree(): TreeState;
  /** Throws Refusal invalid-path | path-conflict; then no commit was added. */
  add(draft: CommitDraft): void;
  /** Makes the commits, signing the last one. At least one must have been added. */
  finish(sign?: Sign): Batch;
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

/** A commit whose tree is stored and whose place in the segment is kept; its id follows from its parent's. */
interface Pending {
  readonly draft: CommitDraft;
  readonly place: number;
  readonly tree: TreeState;
}

/** No change makes the empty tree, so a commit that has it must bring it. */
const emptyTreeObject: NewObject = {
  oid: emptyFolder.oid,
  type: "tree",
  sizeOrTime: 0,
  encode: () => encodeWhole({ type: "tree", body: emptyFolder.body }),
};

/** Makes one commit: it stands before its trees and blobs, and is made after them. */
const makeCommit = (
  state: RecordState,
  { draft, place, tree }: Pending,
  { segment, sign }: { readonly segment: SegmentDraft; readonly sign: Sign | undefined },
): RecordState & { readonly commit: Oid } => {
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
const replacement = (head: BatchStart["head"], tail: Tail | undefined, sealed: boolean) => {
  const gone = tail === undefined ? head.replaced : [...head.replaced, tail.id];
  return sealed ? { replaced: [], sealDeletes: gone } : { replaced: gone, sealDeletes: [] };
};

/** Closes a batch: its commits, and the one segment that holds them. */
const close = (
  { state, head, epoch, random, limits }: BatchStart,
  {
    segment,
    pending,
    sign,
  }: { readonly segment: SegmentDraft; readonly pending: readonly Pending[]; readonly sign: Sign | undefined },
): Batch => {
  const { tail } = state;
  const commits: Oid[] = [];
  let next = state;
  for (const [index, one] of pending.entries()) {
    const made = makeCommit(next, one, { segment, sign: index === pending.length - 1 ? sign : undefined });
    commits.push(made.commit);
    next = made;
  }
  const first = tail?.first ?? state.commits;
  const id = segmentId({ first, by: "writer", number: epoch, random });
  const sealed = segment.packLength() >= limits.tailBytes || head.replaced.length + 1 >= maxReplacedTails;
  const { commits: count, committedAt, tree } = next;
  const snapshot = { commit: commits.at(-1) ?? "", commits: count, committedAt, tree };
  const { bytes, lengths } = segment.finish(snapshot, sealed ? undefined : state.sealed);
  return {
    state: { ...next, sealed: sealed ? tree : state.sealed, tail: sealed ? undefined : { id, first, bytes } },
    commits,
    segment: { id, bytes },
    packs: { put: { [id]: { first, ...lengths, sealed } }, remove: tail === undefined ? [] : [tail.id] },
    ...replacement(head, tail, sealed),
  };
};

/**
 * Opens a batch: commits that will share one segment, which is the tail with the new objects added, sealed when it
 * reaches `tailBytes` or the head lists 40 replaced tails.
 */
export const openBatch = (start: BatchStart): OpenBatch => {
  const segment = extendSegment(start.state.tail?.bytes);
  const pending: Pending[] = [];
  let { tree } = start.state;
  return {
    tree: () => tree,
    add: (draft) => {
      const place = segment.reserve();
      const number = start.state.commits + pending.length;
      try {
        tree = applyChanges(tree, draft.changes, { number, store: segment.store });
      } catch (refusal) {
        segment.giveBack(place);
        throw refusal;
      }
      if (tree.root.nodes.length === 0) segment.store(emptyTreeObject);
      pending.push({ draft, place, tree });
    },
    finish: (sign) => close(start, { segment, pending, sign }),
  };
};

/** A batch whose commits are known beforehand. */
export const buildBatch = (
  request: BatchStart & { readonly drafts: readonly CommitDraft[]; readonly sign?: Sign },
): Batch => {
  const batch = openBatch(request);
  for (const draft of request.drafts) batch.add(draft);
  return batch.finish(request.sign);
};
