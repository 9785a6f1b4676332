import type { PackMap, SegmentId } from "./pack-map.ts";

/** The parts of a segment's id. `number`: the writer's fencing number, or the generation a compaction made. */
export interface SegmentName {
  /** Commits before the segment's first commit. */
  readonly first: number;
  readonly by: "writer" | "compaction";
  readonly number: number;
  readonly random: string;
}

const pattern = /^([0-9a-z]{6})([wc])([0-9]+)-([0-9a-z]+)$/;

/** The id of a segment: `<first, 6 base36>w<epoch>-<random>` or `<first>c<generation>-<random>`. */
export const segmentId = ({ first, by, number, random }: SegmentName): SegmentId =>
  `${first.toString(36).padStart(6, "0")}${by === "writer" ? "w" : "c"}${number}-${random}`;

/** The parts of `id`; undefined when it is not the id of a segment. */
export const parseSegmentId = (id: SegmentId): SegmentName | undefined => {
  const [, first, by, number, random] = pattern.exec(id) ?? [];
  if (first === undefined || number === undefined || random === undefined) return undefined;
  return { first: parseInt(first, 36), by: by === "w" ? "writer" : "compaction", number: Number(number), random };
};

/** Ids of a pack map in the order of history, the oldest first. */
export const segmentsInOrder = (packs: PackMap): SegmentId[] =>
  Object.keys(packs).toSorted((a, b) => (packs[a]?.first ?? 0) - (packs[b]?.first ?? 0));
