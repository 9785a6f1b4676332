import { Fault, isFault } from "../errors.ts";
import type { Oid } from "./oid.ts";
import type { PackMap, SegmentId } from "./pack-map.ts";
import { decodeFooter, type FooterEntry } from "./footer.ts";
import { footerEntryBytes, inPackOrder, isCommitRow, readFooterRow } from "./footer-rows.ts";
import { segmentsInOrder } from "./segment-id.ts";

/** Where a repository is read from: its head, and byte ranges of its segments. */
export interface CloneSource {
  /** Consistent read; undefined where there is no head. */
  head(): Promise<{ readonly commit: Oid | null; readonly packs: PackMap } | undefined>;
  /** Throws Fault segment-missing. */
  read(id: SegmentId, range: { readonly from: number; readonly to: number }): Promise<Uint8Array>;
}

/** Its entries are rows `first` to `end` (exclusive) of the history. */
interface IndexedSegment {
  readonly id: SegmentId;
  readonly first: number;
  readonly end: number;
}

/** The index of a whole repository at one moment: 33 bytes an object, since a slow client may hold it for long. */
export interface History {
  readonly tip: Oid | null;
  /** Oldest first. */
  readonly segments: readonly IndexedSegment[];
  /** Rows of all footers as the packs hold their entries: each commit followed by the trees and blobs it brought. */
  readonly rows: Buffer;
  /** Commit number → its row; the objects it brought follow up to the next commit's. */
  readonly commits: Uint32Array;
}

/** The entry of a row. */
export const entryAt = ({ rows }: History, row: number): FooterEntry => readFooterRow(rows, row);

/** How often a reader starts over because segments it had read of were compacted away meanwhile. */
export const maxRereads = 10;

const readRows = async (source: CloneSource, packs: PackMap, id: SegmentId): Promise<Buffer> => {
  const { pack, snapshot, footer } = packs[id] ?? { pack: 0, snapshot: 0, footer: 0 };
  const from = pack + snapshot;
  return inPackOrder(decodeFooter(await source.read(id, { from, to: from + footer })).rows);
};

const commitRows = (rows: Buffer): Uint32Array => {
  const found: number[] = [];
  for (let row = 0; row * footerEntryBytes < rows.length; row++) if (isCommitRow(rows, row)) found.push(row);
  return Uint32Array.from(found);
};

const historyOf = async (source: CloneSource, tip: Oid | null, packs: PackMap): Promise<History> => {
  const ids = segmentsInOrder(packs);
  const parts = await Promise.all(ids.map((id) => readRows(source, packs, id)));
  let end = 0;
  const segments = ids.map((id, at) => {
    const first = end;
    end += (parts[at]?.length ?? 0) / footerEntryBytes;
    return { id, first, end };
  });
  const rows = Buffer.concat(parts);
  return { tip, segments, rows, commits: commitRows(rows) };
};

/** Reads head and all footers, again when a segment vanished between the two. Throws Fault segment-missing in the end. */
export const readHistory = async (source: CloneSource): Promise<History> => {
  for (let reread = 0; ; reread++) {
    const head = await source.head();
    try {
      return await historyOf(source, head?.commit ?? null, head?.packs ?? {});
    } catch (error) {
      if (!isFault(error, "segment-missing") || reread === maxRereads) throw error;
    }
  }
};

/** Bytes in their segment of rows `first` to `end` (exclusive), which lie side by side in it. */
export const rangeOf = (history: History, first: number, end: number): { from: number; to: number } => {
  const last = entryAt(history, end - 1);
  return { from: entryAt(history, first).offset, to: last.offset + last.length };
};

/** Commit → number of commits before it. */
export const numbersOf = (history: History): ReadonlyMap<Oid, number> =>
  new Map(Array.from(history.commits, (row, number) => [entryAt(history, row).oid, number]));

/** The row of each object's first copy: the one a delta's base means (03, "Segments"). */
export const firstCopies = (history: History): ReadonlyMap<Oid, number> => {
  const found = new Map<Oid, number>();
  for (let row = 0; row * footerEntryBytes < history.rows.length; row++) {
    const { oid } = entryAt(history, row);
    if (!found.has(oid)) found.set(oid, row);
  }
  return found;
};

/** Throws Fault segment-missing: an object that the log promises is nowhere. */
export const missing = (oid: Oid): never => {
  throw new Fault("segment-missing", "An object is in no segment of the pack map", { oid });
};
