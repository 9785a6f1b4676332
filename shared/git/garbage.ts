import type { PackMap, SegmentId } from "./pack-map.ts";
import { parseSegmentId, type SegmentName } from "./segment-id.ts";

/** What a head tells about which segments count. */
export interface Reference {
  readonly epoch: number;
  readonly generation: number;
  readonly packs: PackMap;
  /** Replaced tails that a seal will hand to the drain: readers may be using them. */
  readonly replaced: readonly SegmentId[];
}

export interface Garbage {
  /** Named by nobody, and nobody can publish them any more. */
  readonly dead: readonly SegmentId[];
  /** Named by nobody, but a writer with the newest epoch may yet publish them: raise the epoch and look again. */
  readonly unsure: readonly SegmentId[];
}

/** A settle needs the head's epoch, a compaction the generation before the one in its name: neither ever comes back. */
const verdict = ({ by, number }: SegmentName, { epoch, generation }: Reference): keyof Garbage | "kept" => {
  if (by === "compaction") return number <= generation ? "dead" : "kept";
  return number < epoch ? "dead" : number === epoch ? "unsure" : "kept";
};

/**
 * Finds garbage without clocks. `listed` must have been read BEFORE the head: then a segment that the head does not name
 * was not published before it was listed, and its epoch or generation says whether it still can be. Ids of any other form,
 * and of an epoch or generation that the head has not reached (a restored head), are left alone.
 */
export const findGarbage = (listed: readonly SegmentId[], head: Reference): Garbage => {
  const found: Record<keyof Garbage, SegmentId[]> = { dead: [], unsure: [] };
  const replaced = new Set(head.replaced);
  for (const id of listed) {
    const name = parseSegmentId(id);
    if (name === undefined || id in head.packs || replaced.has(id)) continue;
    const fate = verdict(name, head);
    if (fate !== "kept") found[fate].push(id);
  }
  return found;
};

const sightingsPrefix = "seen-";

/** Names a note of one round of collecting; no segment has such an id. `round` and `random` are letters and digits. */
export const sightingsId = (round: string, random: string): SegmentId => `${sightingsPrefix}${round}-${random}`;

/** Whether an id in a listing is a note of the collector's, not a segment. */
export const isSightings = (id: SegmentId): boolean => id.startsWith(sightingsPrefix);

/** Whether a note was left by this very round, which must not count what it saw twice as seen by two. */
export const isOfRound = (note: SegmentId, round: string): boolean => note.startsWith(sightingsId(round, ""));
