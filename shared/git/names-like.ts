import { nameOf, type FolderNode } from "./tree-node.ts";

/** Part of a folder's nodes: `from` inclusive, `to` exclusive. */
interface Range {
  readonly from: number;
  readonly to: number;
}

const slash = 0x2f;

/** A letter's two cases; other characters have one (names are ASCII, names.ts). */
const casesOf = (code: number): readonly number[] => {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? [lower & 0x5f, lower] : [code];
};

/**
 * Names in a folder that equal `name` but for case. Nodes are in the order of their keys, so each character narrows the range
 * by halving; a range splits only where both cases of a letter occur. Thousands of names cost some hundred steps.
 */
export const namesLike = ({ nodes }: FolderNode, name: string): readonly string[] => {
  /** The first node of the range whose key has `code` or more at `at`; a key that has ended has less. */
  const lowerBound = ({ from, to }: Range, at: number, code: number): number => {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((nodes[middle]?.key.charCodeAt(at) ?? 0) >= code) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const narrowed = (range: Range, at: number, code: number): Range => {
    const from = lowerBound(range, at, code);
    return { from, to: lowerBound({ from, to: range.to }, at, code + 1) };
  };
  const found: string[] = [];
  const take = ({ from, to }: Range): void => {
    const node = nodes[from];
    if (from < to && node !== undefined && nameOf(node).length === name.length) found.push(nameOf(node));
  };
  const search = (range: Range, at: number): void => {
    if (range.from >= range.to) return;
    if (at < name.length) {
      for (const code of casesOf(name.charCodeAt(at))) search(narrowed(range, at, code), at + 1);
      return;
    }
    // All keys here begin with the same spelling: a file's ends now, so it comes first; a folder's has a slash next.
    if (nodes[range.from]?.key.length === name.length) take(range);
    take(narrowed(range, at, slash));
  };
  search({ from: 0, to: nodes.length }, 0);
  return found;
};
