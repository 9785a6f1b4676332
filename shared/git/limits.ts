import { Refusal } from "../errors.ts";
import type { PackMap } from "./pack-map.ts";

/** Most files in the current tree of a record. */
export const maxFiles = 50_000;
/** Most bytes of packs a record may have. */
export const maxPackBytes = 256 * 1024 * 1024;
/** Longest chain of deltas: a tree at this depth is followed by one written in full. */
export const maxDeltaDepth = 40;
/** A tail is sealed before the head would list more replaced tails than this. */
export const maxReplacedTails = 40;

/** Bytes of all packs of a record, without snapshots and footers. */
export const packBytes = (packs: PackMap): number => {
  let sum = 0;
  for (const id in packs) sum += packs[id]?.pack ?? 0;
  return sum;
};

/** Throws Refusal record-full when a change would leave `files` files in a record whose packs hold `bytes` bytes. */
export const checkCapacity = (files: number, bytes: number): void => {
  if (files > maxFiles)
    throw new Refusal("record-full", `A record holds at most ${maxFiles} files.`, { limit: maxFiles });
  if (bytes > maxPackBytes) {
    throw new Refusal("record-full", `A record's history holds at most ${maxPackBytes} bytes.`, {
      limit: maxPackBytes,
    });
  }
};
