import { decodeCommit } from "../../../shared/git/commit-object.ts";
import { decodeFooter, type Footer, footerTrailerBytes } from "../../../shared/git/footer.ts";
import { objectId } from "../../../shared/git/objects.ts";
import type { Oid } from "../../../shared/git/oid.ts";
import type { PackEntry } from "../../../shared/git/pack-map.ts";
import { checkPack, decodeEntry } from "../../../shared/git/pack.ts";
import type { TreeState } from "../../../shared/git/record-tree.ts";
import { decodeSnapshot, type Snapshot } from "../../../shared/git/snapshot.ts";
import type { Head } from "../../../shared/head.ts";
import { Fault } from "../../../shared/errors.ts";

const damaged = (why: string): Fault => new Fault("damaged", `The history is not whole: ${why}.`);

const openSegment = (pack: PackEntry, bytes: Uint8Array): Footer => {
  const footer = decodeFooter(bytes.subarray(pack.pack + pack.snapshot));
  const isAsLong =
    footer.pack === pack.pack &&
    footer.snapshot === pack.snapshot &&
    footer.rows.length + footerTrailerBytes === pack.footer;
  if (!isAsLong) throw damaged("a segment has other lengths than the head says");
  checkPack(bytes.subarray(0, pack.pack), footer.count);
  return footer;
};

/** Its stream has a checksum; what it says is compared with the log by the walk. */
const openSnapshot = (pack: PackEntry, bytes: Uint8Array, base: TreeState | undefined): Snapshot => {
  try {
    return decodeSnapshot(bytes.subarray(pack.pack, pack.pack + pack.snapshot), base);
  } catch (cause) {
    throw new Fault("damaged", "A segment's snapshot cannot be read.", {}, { cause });
  }
};

export interface HistoryWalk {
  /** The next segment, in the order of history. Throws Fault damaged. */
  segment(pack: PackEntry, bytes: Uint8Array): void;
  /** Throws Fault damaged unless the walk has ended at the head's commit. */
  end(): void;
}

/**
 * Walks a record's log from stored segments, the oldest first, one in memory at a time: each pack has its checksum, each
 * commit its id, its parent is the one before it, and its tree is stored by then; each snapshot can be read and is of the
 * segment's last commit and its tree. What lies below the trees of the log is the doctor's.
 */
export const walkSegments = ({ commit, commits }: Pick<Head, "commit" | "commits">): HistoryWalk => {
  const trees = new Set<Oid>();
  let last: Oid | undefined;
  let lastTree: Oid | undefined;
  let number = 0;
  let sealed: TreeState | undefined;
  const pass = (oid: Oid, entry: Uint8Array): void => {
    const { type, content } = decodeEntry(entry);
    if (type !== "commit" || objectId("commit", content) !== oid) throw damaged(`commit ${oid} has another id`);
    const { tree, parents } = decodeCommit(oid, content);
    if (parents.length > 1 || parents[0] !== last) throw damaged(`the parent of ${oid} is not the commit before it`);
    if (!trees.has(tree)) throw damaged(`the tree of ${oid} is not stored`);
    last = oid;
    lastTree = tree;
    number += 1;
  };
  const passSnapshot = (pack: PackEntry, bytes: Uint8Array): void => {
    // A tail's holds only the changes since the newest sealed one.
    const snapshot = openSnapshot(pack, bytes, pack.sealed ? undefined : sealed);
    if (snapshot.commit !== last || snapshot.commits !== number || snapshot.tree.root.oid !== lastTree)
      throw damaged("a segment's snapshot is not of its last commit");
    if (pack.sealed) sealed = snapshot.tree;
  };
  return {
    segment: (pack, bytes) => {
      if (pack.first !== number) throw damaged("a segment does not begin where the one before it ends");
      const footer = openSegment(pack, bytes);
      for (const { type, oid } of footer.inPackOrder()) if (type === "tree") trees.add(oid);
      for (const { oid, offset, length } of footer.commits()) pass(oid, bytes.subarray(offset, offset + length));
      passSnapshot(pack, bytes);
    },
    end: () => {
      if (number !== commits || (last ?? null) !== commit) throw damaged("it does not end at the head's commit");
    },
  };
};
