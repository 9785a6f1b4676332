import { decodeFooter } from "../../shared/git/footer.ts";
import { baseOf } from "../../shared/git/pack.ts";

/**
 * The longest chain of deltas that a reader of these segments, oldest first, has to go along: the base of a delta is its newest
 * copy among the entries before.
 */
export const longestChain = (segments: readonly Uint8Array[]): number => {
  const depths = new Map<string, number>();
  let longest = 0;
  for (const segment of segments) {
    for (const { oid, type, offset } of decodeFooter(segment).inPackOrder()) {
      const base = type === "tree" ? baseOf(segment.subarray(offset)) : undefined;
      const depth = base === undefined ? 0 : (depths.get(base) ?? 0) + 1;
      depths.set(oid, depth);
      longest = Math.max(longest, depth);
    }
  }
  return longest;
};
