import { Fault } from "../errors.ts";
import type { Head } from "../head.ts";
import { decodeFooter } from "./footer.ts";
import type { Oid } from "./oid.ts";
import { checkPack } from "./pack.ts";
import type { SegmentId } from "./pack-map.ts";
import { emptyTree, type TreeState } from "./record-tree.ts";
import { segmentsInOrder } from "./segment-id.ts";
import { decodeSnapshot, type Snapshot } from "./snapshot.ts";

/** Bytes `from` (inclusive) to `to` (exclusive) of a segment, all without a range. Throws Fault segment-missing. */
export type ReadSegment = (
  id: SegmentId,
  range?: { readonly from: number; readonly to: number },
) => Promise<Uint8Array>;

/** The newest segment while it is still rewritten by each batch. */
export interface Tail {
  readonly id: SegmentId;
  /** Number of commits before its first. */
  readonly first: number;
  /** The whole segment. */
  readonly bytes: Uint8Array;
}

/** A record's current state, as a writer or reader keeps it in a cache. Immutable. */
export interface RecordState {
  readonly commit: Oid | null;
  readonly commits: number;
  /** Committer time of the last commit, seconds since the epoch; 0 before the first. */
  readonly committedAt: number;
  readonly tree: TreeState;
  /** The tree at the end of the newest sealed segment: what the tail's snapshot is a change of. */
  readonly sealed: TreeState;
  readonly tail: Tail | undefined;
}

/** A record before its first commit. */
export const emptyState: RecordState = {
  commit: null,
  commits: 0,
  committedAt: 0,
  tree: emptyTree,
  sealed: emptyTree,
  tail: undefined,
};

const openTail = (bytes: Uint8Array, base: TreeState): Snapshot => {
  const { pack, snapshot, count } = decodeFooter(bytes);
  checkPack(bytes.subarray(0, pack), count);
  return decodeSnapshot(bytes.subarray(pack, pack + snapshot), base);
};

/**
 * Loads a record's current state: the tail whole and the newest sealed segment's snapshot, side by side, so at most
 * two reads. Throws Fault segment-missing (read the head again) | damaged.
 */
export const loadState = async (
  { commit, packs }: Pick<Head, "commit" | "packs">,
  read: ReadSegment,
): Promise<RecordState> => {
  if (commit === null) return emptyState;
  const order = segmentsInOrder(packs);
  const tailId = order.findLast((id) => packs[id]?.sealed === false);
  const sealedId = order.findLast((id) => packs[id]?.sealed === true);
  const sealedPack = sealedId === undefined ? undefined : packs[sealedId];
  const [bytes, stored] = await Promise.all([
    tailId === undefined ? undefined : read(tailId),
    sealedId === undefined || sealedPack === undefined
      ? undefined
      : read(sealedId, { from: sealedPack.pack, to: sealedPack.pack + sealedPack.snapshot }),
  ]);
  const sealed = stored === undefined ? undefined : decodeSnapshot(stored);
  const base = sealed?.tree ?? emptyTree;
  const now = bytes === undefined ? sealed : openTail(bytes, base);
  if (now?.commit !== commit) throw new Fault("damaged", "The newest segment is not the head's.", { commit });
  const first = tailId === undefined ? 0 : (packs[tailId]?.first ?? 0);
  return {
    commit,
    commits: now.commits,
    committedAt: now.committedAt,
    tree: now.tree,
    sealed: base,
    tail: tailId === undefined || bytes === undefined ? undefined : { id: tailId, first, bytes },
  };
};
