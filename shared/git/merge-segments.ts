import { Fault } from "../errors.ts";
import { byteWriter } from "./bytes.ts";
import { decodeFooter, footerTrailerBytes, writeFooterTrailer, type FooterEntry } from "./footer.ts";
import { footerEntryBytes, orderBy, readFooterRow, sortFooterEntries, writeFooterEntry } from "./footer-rows.ts";
import type { Oid } from "./oid.ts";
import { baseOf, encodeEntry, packHeaderBytes, packTrailerBytes, writePackHeader, writePackTrailer } from "./pack.ts";

/** Lengths in bytes of a segment's parts. */
interface Lengths {
  readonly pack: number;
  readonly snapshot: number;
  readonly footer: number;
}

/** A segment to merge, read part by part. */
export interface MergeSource {
  readonly lengths: Lengths;
  /** Its bytes `from` (inclusive) to `to` (exclusive). */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** A whole segment that is in memory already. Throws Fault damaged. */
export const sourceInMemory = (bytes: Uint8Array): MergeSource => {
  const { pack, snapshot } = decodeFooter(bytes);
  const lengths = { pack, snapshot, footer: bytes.length - pack - snapshot };
  return { lengths, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
};

/** The body of a tree that a merge has to write whole, read from the repository as it is; undefined: there is none. */
export type TreeBody = (oid: Oid) => Promise<Uint8Array | undefined>;

export interface MergedSegment {
  readonly bytes: Uint8Array;
  readonly lengths: Lengths;
}

/** Packs are read in parts of this size, one after the other: what is held of the sources while they are merged. */
const partBytes = 512 * 1024;

/** A source's rows; they are 33 bytes an object, which as objects would be four times as much. */
const rowsOf = async ({ lengths: { pack, snapshot, footer }, read }: MergeSource): Promise<Buffer> => {
  const from = pack + snapshot;
  return decodeFooter(await read(from, from + footer)).rows;
};

/** The least depth of each tree's copies: what its newest copy promised to the deltas that lean on it. */
const leastDepths = (footers: readonly Buffer[]): ReadonlyMap<Oid, number> => {
  const least = new Map<Oid, number>();
  for (const rows of footers) {
    for (let index = 0; index * footerEntryBytes < rows.length; index++) {
      const { oid, type, depth } = readFooterRow(rows, index);
      if (type === "tree") least.set(oid, Math.min(depth, least.get(oid) ?? depth));
    }
  }
  return least;
};

/**
 * Tells which entries to keep, in the order of history: of each object the first copy. A tree must be written whole in two
 * cases. Its first copy may stand deeper than a later one did (A, B, A): what leans on the later one would then have a longer
 * chain than it says, from merge to merge longer. And a delta may lean on a tree of a pack that is left out; where that tree
 * comes back later as a delta, it could lead back to the first one, and `git index-pack`, which knows no order, would meet a
 * circle: writing such a tree whole cuts every circle, as each has one entry that leans on a later one.
 */
const chooser = (least: ReadonlyMap<Oid, number> | undefined) => {
  const depths = new Map<Oid, number>();
  const outside = new Set<Oid>();
  return {
    has: (oid: Oid): boolean => depths.has(oid),
    /** Keeps an entry, which leans on `base`: its depth in the merge, and whether it has to be written whole. */
    keep: ({ oid, depth }: FooterEntry, base: Oid | undefined): { depth: number; whole: boolean } => {
      const below = base === undefined ? undefined : depths.get(base);
      const chain = below === undefined ? depth : below + 1;
      const whole = base !== undefined && (outside.has(oid) || chain > (least?.get(oid) ?? chain));
      if (base !== undefined && !whole && below === undefined) outside.add(base);
      depths.set(oid, whole ? 0 : chain);
      return { depth: whole ? 0 : chain, whole };
    },
  };
};

/** The merged segment as it grows, of at most `count` entries; `room`: about how long it becomes. */
const mergeDraft = (room: number, count: number) => {
  const out = byteWriter(room).bytes(new Uint8Array(packHeaderBytes));
  const rows = Buffer.allocUnsafeSlow(count * footerEntryBytes);
  let end = packHeaderBytes;
  let row = 0;
  return {
    add: (entry: FooterEntry, stored: Uint8Array): void => {
      row = writeFooterEntry(rows, row, { ...entry, offset: end, length: stored.length });
      out.bytes(stored);
      end += stored.length;
    },
    finish: (snapshot: Uint8Array): MergedSegment => {
      const sorted = sortFooterEntries(rows.subarray(0, row));
      const ends = new Uint8Array(footerTrailerBytes);
      const made = out.bytes(ends.subarray(0, packTrailerBytes)).bytes(snapshot).bytes(sorted).bytes(ends).done();
      const bytes = Buffer.from(made.buffer, made.byteOffset, made.length);
      writePackHeader(bytes, row / footerEntryBytes);
      writePackTrailer(bytes, end);
      const lengths = { pack: end + packTrailerBytes, snapshot: snapshot.length, footer: row + footerTrailerBytes };
      const from = lengths.pack + lengths.snapshot;
      writeFooterTrailer(bytes, { from, at: from + row }, lengths);
      return { bytes, lengths };
    },
  };
};

interface Merging {
  readonly chosen: ReturnType<typeof chooser>;
  readonly draft: ReturnType<typeof mergeDraft>;
  readonly treeBody: TreeBody | undefined;
}

interface Part {
  readonly from: number;
  readonly bytes: Uint8Array;
}

const readPart = async ({ lengths: { pack }, read }: MergeSource, { offset, length }: FooterEntry): Promise<Part> => {
  const to = Math.min(offset + Math.max(length, partBytes), pack);
  const bytes = await read(offset, to);
  if (offset + length > to || bytes.length !== to - offset) {
    throw new Fault("damaged", "A segment is shorter than its footer says.");
  }
  return { from: offset, bytes };
};

const encodeWhole = async (oid: Oid, treeBody: TreeBody | undefined): Promise<Uint8Array> => {
  const body = await treeBody?.(oid);
  if (body === undefined) throw new Fault("damaged", "A merge lacks a tree that it has to write whole.", { oid });
  return encodeEntry({ type: "tree", body });
};

/** Adds the entries of one source that none before it had. */
const addSource = async (source: MergeSource, rows: Buffer, { chosen, draft, treeBody }: Merging): Promise<void> => {
  let part: Part = { from: 0, bytes: new Uint8Array() };
  for (const index of orderBy(rows, 20)) {
    const entry = readFooterRow(rows, index);
    const { oid, type, offset, length } = entry;
    if (chosen.has(oid)) continue;
    if (offset + length > part.from + part.bytes.length) part = await readPart(source, entry);
    const stored = part.bytes.subarray(offset - part.from, offset - part.from + length);
    const { depth, whole } = chosen.keep(entry, type === "tree" ? baseOf(stored) : undefined);
    draft.add({ ...entry, depth }, whole ? await encodeWhole(oid, treeBody) : stored);
  }
};

/**
 * One segment of several neighbours, given oldest first: their entries byte for byte without those stored before (trees
 * apart that must not be deltas any more: `treeBody` gives them), the newest one's snapshot, and a footer. Clients with
 * fsckObjects refuse a pack that holds an object twice. Without `treeBody`, all of a record's segments can be merged for a
 * reader that takes any chain of deltas. Besides the result, only footers and a part of one source are held. Throws Fault
 * damaged.
 */
export const mergeSegments = async (sources: readonly MergeSource[], treeBody?: TreeBody): Promise<MergedSegment> => {
  const footers = await Promise.all(sources.map(rowsOf));
  const newest = sources.at(-1);
  if (newest === undefined) throw new Fault("damaged", "There is no segment to merge.");
  const { pack, snapshot } = newest.lengths;
  const room = sources.reduce((sum, { lengths }) => sum + lengths.pack + lengths.footer, snapshot);
  const count = footers.reduce((sum, rows) => sum + rows.length, 0) / footerEntryBytes;
  const chosen = chooser(treeBody === undefined ? undefined : leastDepths(footers));
  const merging = { chosen, draft: mergeDraft(room, count), treeBody };
  for (const [at, source] of sources.entries()) await addSource(source, footers[at] ?? Buffer.alloc(0), merging);
  return merging.draft.finish(await newest.read(pack, pack + snapshot));
};
