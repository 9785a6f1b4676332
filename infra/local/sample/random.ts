import { createHash } from "node:crypto";

/** Chance that repeats itself: the same seed gives the same choices on every machine. */
export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** `count` different items, in the list's order. */
  some<T>(list: readonly T[], count: number): readonly T[];
  happens(probability: number): boolean;
}

/** SplitMix32 (Steele, Lea, Flood 2014, 32-bit finaliser of MurmurHash3): short, and even enough for stories. */
const splitMix32 = (seed: number) => {
  let state = seed | 0;
  return (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
};

export const chanceFrom = (seed: string): Chance => {
  const next = splitMix32(createHash("sha256").update(seed).digest().readInt32BE(0));
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    whole,
    pick: (list) => list[whole(0, list.length - 1)] ?? list[0],
    some: (list, count) => {
      const places = list.map((_, place) => ({ place, order: next() })).toSorted((a, b) => a.order - b.order);
      const chosen = new Set(places.slice(0, count).map(({ place }) => place));
      return list.filter((_, place) => chosen.has(place));
    },
    happens: (probability) => next() < probability,
  };
};

/** A UUID (version 8: made by its own rule) that depends on `name` alone. */
export const idFrom = (name: string): string => {
  const hex = createHash("sha256").update(name).digest("hex");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4] ?? "8";
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
};
