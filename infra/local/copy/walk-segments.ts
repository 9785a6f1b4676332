import { decodeCommit } from "../../../shared/git/commit-object.ts";
import { decodeFooter, type Footer, footerTrailerBytes } from "../../../shared/git/footer.ts";
import { objectId } from "../../../shared/git/objects.ts";
import type { Oid } from "../../../shared/git/oid.ts";
import type { PackEntry } from "../../../shared/git/pack-map.ts";
import { checkPack, decodeEntry } from "../../../shared/git/pack.ts";
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

export interface HistoryWalk {
  /** The next segment, in the order of history. Throws Fault damaged. */
  segment(pack: PackEntry, bytes: Uint8Array): void;
  /** Throws Fault damaged unless the walk has ended at the head's commit. */
  end(): void;
}

/**
 * Walks a record's log from stored segments, the oldest first, one in memory at a time: each pack has its checksum, each
 * commit its id, its parent is the one before it, and its tree is stored by then. What lies below the trees is the doctor's.
 */
export const walkSegments = ({ commit, commits }: Pick<Head, "commit" | "commits">): HistoryWalk => {
  const trees = new Set<Oid>();
  let last: Oid | undefined;
  let number = 0;
  const pass = (oid: Oid, entry: Uint8Array): void => {
    const { type, content } = decodeEntry(entry);
    if (type !== "commit" || objectId("commit", content) !== oid) throw damaged(`commit ${oid} has another id`);
    const { tree, parents } = decodeCommit(oid, content);
    if (parents.length > 1 || parents[0] !== last) throw damaged(`the parent of ${oid} is not the commit before it`);
    if (!trees.has(tree)) throw damaged(`the tree of ${oid} is not stored`);
    last = oid;
    number += 1;
  };
  return {
    segment: (pack, bytes) => {
      if (pack.first !== number) throw damaged("a segment does not begin where the one before it ends");
      const footer = openSegment(pack, bytes);
      for (const { type, oid } of footer.inPackOrder()) if (type === "tree") trees.add(oid);
      for (const { oid, offset, length } of footer.commits()) pass(oid, bytes.subarray(offset, offset + length));
    },
    end: () => {
      if (number !== commits || (last ?? null) !== commit) throw damaged("it does not end at the head's commit");
    },
  };
};
