import type { PackMap, SegmentId } from "./pack-map.ts";
import { decodeFooter, encodeFooter, type FooterEntry } from "./footer.ts";
import type { Oid } from "./oid.ts";
import { packHeaderBytes, packTrailerBytes, writePackHeader, writePackTrailer } from "./pack.ts";
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

/** A run of entries that is copied as it is. */
interface Kept {
  readonly from: number;
  to: number;
}

interface Merge {
  readonly entries: FooterEntry[];
  readonly seen: Set<Oid>;
  /** Bytes of the merged pack so far. */
  at: number;
}

/** Notes the entries of a segment that are new to the merge; gives their bytes as runs. */
const keepNew = (merge: Merge, segment: Uint8Array): readonly Kept[] => {
  const runs: Kept[] = [];
  for (const entry of decodeFooter(segment).inPackOrder()) {
    const { oid, offset, length } = entry;
    if (merge.seen.has(oid)) continue;
    merge.seen.add(oid);
    merge.entries.push({ ...entry, offset: merge.at });
    merge.at += length;
    const last = runs.at(-1);
    if (last?.to === offset) last.to += length;
    else runs.push({ from: offset, to: offset + length });
  }
  return runs;
};

export interface MergedSegment {
  readonly bytes: Uint8Array;
  readonly lengths: { readonly pack: number; readonly snapshot: number; readonly footer: number };
}

/**
 * One segment of several neighbours, given whole and oldest first: their entries byte for byte without those stored before,
 * the newest one's snapshot, and a footer. Clients with fsckObjects refuse a pack that holds an object twice.
 * Throws Fault damaged.
 */
export const mergeSegments = (segments: readonly Uint8Array[]): MergedSegment => {
  const merge: Merge = { entries: [], seen: new Set(), at: packHeaderBytes };
  const kept = segments.map((segment) => keepNew(merge, segment));
  const newest = segments.at(-1) ?? new Uint8Array();
  const { pack, snapshot } = decodeFooter(newest);
  const lengths = { pack: merge.at + packTrailerBytes, snapshot };
  const footer = encodeFooter(merge.entries, lengths);
  const bytes = Buffer.allocUnsafeSlow(lengths.pack + snapshot + footer.length);
  writePackHeader(bytes, merge.entries.length);
  let at = packHeaderBytes;
  for (const [index, segment] of segments.entries()) {
    for (const { from, to } of kept[index] ?? []) {
      bytes.set(segment.subarray(from, to), at);
      at += to - from;
    }
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

/** Names the merge of `sources` (oldest first) after the generation it makes, one more than the head's. */
export const compactedSegment = (
  { packs, generation }: { readonly packs: PackMap; readonly generation: number },
  sources: readonly { readonly id: SegmentId; readonly bytes: Uint8Array }[],
  random: string,
): CompactedSegment => {
  const first = packs[sources[0]?.id ?? ""]?.first ?? 0;
  const id = segmentId({ first, by: "compaction", number: generation + 1, random });
  const { bytes, lengths } = mergeSegments(sources.map((source) => source.bytes));
  return { id, bytes, packs: { put: { [id]: { first, ...lengths, sealed: true } }, remove: sources.map((s) => s.id) } };
};
