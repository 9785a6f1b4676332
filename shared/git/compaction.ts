import { Fault } from "../errors.ts";
import { mergeSegments, type MergeSource, type TreeBody } from "./merge-segments.ts";
import type { PackMap, SegmentId } from "./pack-map.ts";
import { segmentId, segmentsInOrder } from "./segment-id.ts";
import type { ReadSegment } from "./state.ts";

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

/** A segment up to this is read whole in one go, as most that writers sealed; of a larger one, a part at a time. */
const wholeBytes = 256 * 1024;

const sourceOf = (packs: PackMap, id: SegmentId, read: ReadSegment): MergeSource => {
  const lengths = packs[id];
  if (lengths === undefined)
    throw new Fault("damaged", "A segment to merge is not in the pack map.", { segmentId: id });
  const { pack, snapshot, footer } = lengths;
  if (pack + snapshot + footer > wholeBytes) return { lengths, read: (from, to) => read(id, { from, to }) };
  let whole: Promise<Uint8Array> | undefined;
  return { lengths, read: async (from, to) => (await (whole ??= read(id))).subarray(from, to) };
};

/** What a compaction puts and changes: the merged segment under its id, and the pack map without its sources. */
export interface CompactedSegment {
  readonly id: SegmentId;
  readonly bytes: Uint8Array;
  readonly packs: { readonly put: PackMap; readonly remove: readonly SegmentId[] };
}

/**
 * Merges the segments `due` (oldest first), and names the merge after the generation it makes, one more than the head's.
 * `treeBody` as for `mergeSegments`. Throws Fault segment-missing | damaged.
 */
export const compactedSegment = async (
  { packs, generation }: { readonly packs: PackMap; readonly generation: number },
  due: readonly SegmentId[],
  { read, random, treeBody }: { readonly read: ReadSegment; readonly random: string; readonly treeBody?: TreeBody },
): Promise<CompactedSegment> => {
  const first = packs[due[0] ?? ""]?.first ?? 0;
  const id = segmentId({ first, by: "compaction", number: generation + 1, random });
  const { bytes, lengths } = await mergeSegments(
    due.map((source) => sourceOf(packs, source, read)),
    treeBody,
  );
  return { id, bytes, packs: { put: { [id]: { first, ...lengths, sealed: true } }, remove: due } };
};
