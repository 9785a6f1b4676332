import { Fault } from "../errors.ts";
import type { PackMap, SegmentId } from "./pack-map.ts";
import { decodeFooter, encodeFooter, type FooterEntry } from "./footer.ts";
import type { Oid } from "./oid.ts";
import { baseOf, encodeEntry, packHeaderBytes, packTrailerBytes, writePackHeader, writePackTrailer } from "./pack.ts";
import { segmentId, segmentsInOrder } from "./segment-id.ts";

/** Packs above this are old enough to be left alone until there are too many of them: the next tier. */
const largeBytes = 8 * 1024 * 1024;

/**
 * The sealed segments to merge into one, oldest first; empty when none is due. Neighbours only, because the first copy of
 * an object is the one that counts: the small packs since the last large one, or, when those are few, all up to it.
 */
export const dueForCompaction = (packs: PackMap, sealedPacks: number): readonly SegmentId[] => {
  const sealed = segmentsInOrder(packs).filter((id) => packs[id]?.sealed);
  const young = sealed.findLastIndex((id) => (packs[id]?.pack ?? 0) > largeBytes) + 1;
  if (sealed.length - young > sealedPacks) return sealed.slice(young);
  return young > sealedPacks ? sealed.slice(0, young) : [];
};

/** Bodies of trees by id. */
export type TreeBodies = ReadonlyMap<Oid, Uint8Array>;

/** An entry of the merge, where it is copied from, and whether it has to be written whole instead. */
interface Kept {
  readonly entry: FooterEntry;
  readonly segment: Uint8Array;
  readonly whole: boolean;
}

/** The least depth of each tree's copies: what its newest copy promised to the deltas that lean on it. */
const leastDepths = (entries: readonly FooterEntry[]): ReadonlyMap<Oid, number> => {
  const least = new Map<Oid, number>();
  for (const { oid, depth } of entries) least.set(oid, Math.min(depth, least.get(oid) ?? depth));
  return least;
};

/**
 * The entries to keep: of each object the first copy. A tree must be written whole in two cases. Its first copy may stand
 * deeper than a later one did (A, B, A): what leans on the later one would then have a longer chain than it says, from merge
 * to merge longer. And a delta may lean on a tree of a pack that is left out; where that tree comes back later as a delta,
 * it could lead back to the first one, and `git index-pack`, which knows no order, would meet a circle: writing such a tree
 * whole cuts every circle, as each has one entry that leans on a later one.
 */
const keptEntries = (segments: readonly Uint8Array[], chains: "short" | "as they are"): readonly Kept[] => {
  const opened = segments.map((segment) => ({ segment, entries: decodeFooter(segment).inPackOrder() }));
  const least = chains === "short" ? leastDepths(opened.flatMap(({ entries }) => entries)) : undefined;
  const depths = new Map<Oid, number>();
  const outside = new Set<Oid>();
  const kept: Kept[] = [];
  for (const { segment, entries } of opened) {
    for (const entry of entries) {
      const { oid, type, offset, depth } = entry;
      if (depths.has(oid)) continue;
      const base = type === "tree" ? baseOf(segment.subarray(offset)) : undefined;
      const below = base === undefined ? undefined : depths.get(base);
      const chain = below === undefined ? depth : below + 1;
      const whole = base !== undefined && (outside.has(oid) || chain > (least?.get(oid) ?? chain));
      if (base !== undefined && !whole && below === undefined) outside.add(base);
      depths.set(oid, whole ? 0 : chain);
      kept.push({ entry: { ...entry, depth: whole ? 0 : chain }, segment, whole });
    }
  }
  return kept;
};

/** The trees whose bodies `mergeSegments` needs; none where no tree came back. Throws Fault damaged. */
export const treesToWriteWhole = (segments: readonly Uint8Array[]): readonly Oid[] =>
  keptEntries(segments, "short").flatMap(({ entry, whole }) => (whole ? [entry.oid] : []));

export interface MergedSegment {
  readonly bytes: Uint8Array;
  readonly lengths: { readonly pack: number; readonly snapshot: number; readonly footer: number };
}

const encodeTreeWhole = (trees: TreeBodies, oid: Oid): Uint8Array => {
  const body = trees.get(oid);
  if (body === undefined) throw new Fault("damaged", "A merge lacks a tree that it has to write whole.", { oid });
  return encodeEntry({ type: "tree", body });
};

/** The entries' new places and their bytes, those that lie side by side in one piece. */
const place = (kept: readonly Kept[], trees: TreeBodies) => {
  const entries: FooterEntry[] = [];
  const pieces: Uint8Array[] = [];
  let run: { readonly segment: Uint8Array; readonly from: number; to: number } | undefined;
  let at = packHeaderBytes;
  const cut = (): void => {
    if (run !== undefined) pieces.push(run.segment.subarray(run.from, run.to));
    run = undefined;
  };
  for (const { entry, segment, whole } of kept) {
    const { oid, offset } = entry;
    const made = whole ? encodeTreeWhole(trees, oid) : undefined;
    const length = made?.length ?? entry.length;
    entries.push({ ...entry, offset: at, length });
    at += length;
    if (run?.segment === segment && run.to === offset && !whole) {
      run.to += length;
      continue;
    }
    cut();
    if (made === undefined) run = { segment, from: offset, to: offset + length };
    else pieces.push(made);
  }
  cut();
  return { entries, pieces, end: at };
};

/**
 * One segment of several neighbours, given whole and oldest first: their entries byte for byte without those stored before
 * (but `trees`, the bodies of `treesToWriteWhole`, as whole objects), the newest one's snapshot, and a footer. Clients with
 * fsckObjects refuse a pack that holds an object twice. Without `trees`, all of a record's segments can be merged for a
 * reader that takes any chain of deltas. Throws Fault damaged.
 */
export const mergeSegments = (segments: readonly Uint8Array[], trees?: TreeBodies): MergedSegment => {
  const kept = keptEntries(segments, trees === undefined ? "as they are" : "short");
  const { entries, pieces, end } = place(kept, trees ?? new Map<Oid, Uint8Array>());
  const newest = segments.at(-1) ?? new Uint8Array();
  const { pack, snapshot } = decodeFooter(newest);
  const lengths = { pack: end + packTrailerBytes, snapshot };
  const footer = encodeFooter(entries, lengths);
  const bytes = Buffer.allocUnsafeSlow(lengths.pack + snapshot + footer.length);
  writePackHeader(bytes, entries.length);
  let at = packHeaderBytes;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  writePackTrailer(bytes, at);
  bytes.set(newest.subarray(pack, pack + snapshot), lengths.pack);
  bytes.set(footer, lengths.pack + snapshot);
  return { bytes, lengths: { ...lengths, footer: footer.length } };
};

/** What a compaction puts and changes: the merged segment under its id, and the pack map without its sources. */
export interface CompactedSegment {
  readonly id: SegmentId;
  readonly bytes: Uint8Array;
  readonly packs: { readonly put: PackMap; readonly remove: readonly SegmentId[] };
}

/**
 * Names the merge of `sources` (oldest first; `trees` as for `mergeSegments`) after the generation it makes, one more than
 * the head's.
 */
export const compactedSegment = (
  { packs, generation }: { readonly packs: PackMap; readonly generation: number },
  sources: readonly { readonly id: SegmentId; readonly bytes: Uint8Array }[],
  { random, trees }: { readonly random: string; readonly trees?: TreeBodies },
): CompactedSegment => {
  const first = packs[sources[0]?.id ?? ""]?.first ?? 0;
  const id = segmentId({ first, by: "compaction", number: generation + 1, random });
  const { bytes, lengths } = mergeSegments(
    sources.map((source) => source.bytes),
    trees,
  );
  return { id, bytes, packs: { put: { [id]: { first, ...lengths, sealed: true } }, remove: sources.map((s) => s.id) } };
};
