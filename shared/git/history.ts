import { Fault } from "../errors.ts";
import { decodeCommit, type Commit } from "./commit-object.ts";
import type { FooterEntry } from "./footer.ts";
import type { Oid } from "./oid.ts";
import type { Repository } from "./repository.ts";

/** A commit and its place in the history. */
export interface NumberedCommit extends Commit {
  /** Number of commits before this one. */
  readonly number: number;
}

/** Index of the last entry for which `before` holds, in entries where it holds first and then no more; -1 for none. */
const lastWhere = (entries: readonly FooterEntry[], before: (entry: FooterEntry) => boolean): number => {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && before(entry)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** The number of the commit that brought the object at this place of a segment. */
export const bringerOf = (
  { first, commits }: { readonly first: number; readonly commits: readonly FooterEntry[] },
  offset: number,
): number =>
  first +
  Math.max(
    0,
    lastWhere(commits, (commit) => commit.offset <= offset),
  );

/** Commits number `from` (inclusive) to `to` (exclusive), oldest first. Throws Fault segment-missing | damaged. */
export const readCommits = async (repository: Repository, from: number, to: number): Promise<NumberedCommit[]> => {
  const { segments, segmentOf, object } = repository;
  const found: NumberedCommit[] = [];
  for (let number = Math.max(from, 0); number < to;) {
    const segment = segmentOf(number);
    const first = segments.places[segment]?.pack.first ?? 0;
    const entries = (await segments.footer(segment)).commits().slice(number - first, to - first);
    if (entries.length === 0) throw new Fault("damaged", "A segment lacks commits.", { number });
    for (const entry of entries) {
      const { oid, body } = await object({ segment, entry });
      found.push({ ...decodeCommit(oid, body), number: number++ });
    }
  }
  return found;
};

/** The number of a commit; undefined when it is not in the history. */
export const numberOfCommit = async ({ find, segments }: Repository, oid: Oid): Promise<number | undefined> => {
  const position = await find(oid);
  if (position?.entry.type !== "commit") return undefined;
  const commits = (await segments.footer(position.segment)).commits();
  return bringerOf({ first: segments.places[position.segment]?.pack.first ?? 0, commits }, position.entry.offset);
};

/**
 * The number of the last commit whose committer time is not after `at` (seconds since the epoch); undefined before
 * creation. Committer times never run backwards, so halving finds it; footers hold the times.
 */
export const numberAtTime = async ({ segments }: Repository, at: number): Promise<number | undefined> => {
  let low = 0;
  let high = segments.places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const [oldest] = (await segments.footer(middle)).commits();
    if (oldest !== undefined && oldest.sizeOrTime <= at) low = middle + 1;
    else high = middle;
  }
  const place = segments.places[low - 1];
  if (place === undefined) return undefined;
  const commits = (await segments.footer(low - 1)).commits();
  return place.pack.first + lastWhere(commits, (commit) => commit.sizeOrTime <= at);
};
