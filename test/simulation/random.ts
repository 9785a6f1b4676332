/** Chance from a seed: the same seed gives the same numbers on every machine. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** A whole number, 0 ≤ n < `below`. */
  below(below: number): number;
  /** A number, `from` ≤ x < `to`. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  uuid(): string;
  /** Another stream of numbers: what one actor draws does not change what another draws. */
  fork(): Random;
}

/** SplitMix32: the state is one number, every step a bijection of it. */
export const randomFrom = (seed: number): Random => {
  let state = seed | 0;
  const word = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const hex = (): string => word().toString(16).padStart(8, "0");
  const next = (): number => word() / 0x1_0000_0000;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    pick: (from) => from[below(from.length)]!,
    uuid: () => {
      const digits = hex() + hex() + hex() + hex();
      const at = (from: number, to: number): string => digits.slice(from, to);
      return `${at(0, 8)}-${at(8, 12)}-4${at(13, 16)}-8${at(17, 20)}-${at(20, 32)}`;
    },
    fork: () => randomFrom(word()),
  };
};
