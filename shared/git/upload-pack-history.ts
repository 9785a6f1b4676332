import { Fault, isFault } from "../errors.ts";
import type { Oid } from "./oid.ts";
import type { PackMap, SegmentId } from "./pack-map.ts";
import { decodeFooter, type FooterEntry } from "./footer.ts";
import { segmentsInOrder } from "./segment-id.ts";

/** Where a repository is read from: its head, and byte ranges of its segments. */
export interface CloneSource {
  /** Consistent read; undefined where there is no head. */
  head(): Promise<{ readonly commit: Oid | null; readonly packs: PackMap } | undefined>;
  /** Throws Fault segment-missing. */
  read(id: SegmentId, range: { readonly from: number; readonly to: number }): Promise<Uint8Array>;
}

export interface IndexedSegment {
  readonly id: SegmentId;
  /** As they lie in the pack: each commit followed by the trees and blobs it brought. */
  readonly entries: readonly FooterEntry[];
}

/** Where an entry is: the segment's place in the history, and the entry's in the segment. */
export interface Position {
  readonly segment: number;
  readonly entry: number;
}

/** The index of a whole repository at one moment. */
export interface History {
  readonly tip: Oid | null;
  /** Oldest first. */
  readonly segments: readonly IndexedSegment[];
  /** Commit → number of commits before it. */
  readonly numbers: ReadonlyMap<Oid, number>;
  /** Commit number → its entry; the objects it brought follow up to the next commit's. */
  readonly starts: readonly Position[];
}

/** How often a reader starts over because segments it had read of were compacted away meanwhile. */
export const maxRereads = 10;

const readIndex = async (source: CloneSource, packs: PackMap): Promise<IndexedSegment[]> =>
  Promise.all(
    segmentsInOrder(packs).map(async (id) => {
      const { pack, snapshot, footer } = packs[id] ?? { pack: 0, snapshot: 0, footer: 0 };
      const from = pack + snapshot;
      const bytes = await source.read(id, { from, to: from + footer });
      return { id, entries: decodeFooter(bytes).inPackOrder() };
    }),
  );

const historyOf = (tip: Oid | null, segments: readonly IndexedSegment[]): History => {
  const numbers = new Map<Oid, number>();
  const starts: Position[] = [];
  for (const [segment, { entries }] of segments.entries()) {
    for (const [entry, { type, oid }] of entries.entries()) {
      if (type !== "commit") continue;
      numbers.set(oid, starts.length);
      starts.push({ segment, entry });
    }
  }
  return { tip, segments, numbers, starts };
};

/** Reads head and all footers, again when a segment vanished between the two. Throws Fault segment-missing in the end. */
export const readHistory = async (source: CloneSource): Promise<History> => {
  for (let reread = 0; ; reread++) {
    const head = await source.head();
    try {
      return historyOf(head?.commit ?? null, await readIndex(source, head?.packs ?? {}));
    } catch (error) {
      if (!isFault(error, "segment-missing") || reread === maxRereads) throw error;
    }
  }
};

/** Bytes of the entries from `first` to `end` (exclusive): they lie one after the other. */
export const rangeOf = ({ entries }: IndexedSegment, first: number, end: number): { from: number; to: number } => {
  const last = entries[end - 1];
  return { from: entries[first]?.offset ?? 0, to: last === undefined ? 0 : last.offset + last.length };
};

/** The first copy of each object: the one a delta's base means (03, "Segments"). */
export const firstCopies = ({ segments }: History): Map<Oid, Position> => {
  const found = new Map<Oid, Position>();
  for (const [segment, { entries }] of segments.entries()) {
    for (const [entry, { oid }] of entries.entries()) if (!found.has(oid)) found.set(oid, { segment, entry });
  }
  return found;
};

/** Throws Fault segment-missing: an object that the log promises is nowhere. */
export const missing = (oid: Oid): never => {
  throw new Fault("segment-missing", "An object is in no segment of the pack map", { oid });
};
