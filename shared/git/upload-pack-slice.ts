import { footerEntryBytes } from "./footer-rows.ts";
import type { Oid } from "./oid.ts";
import { entryAt, firstCopies, missing, type History } from "./upload-pack-history.ts";

/** Entries that lie side by side in one segment, by their rows: what is read and sent in one go. */
export interface Run {
  readonly segment: number;
  readonly first: number;
  readonly end: number;
}

/** What a client gets: runs of stored entries, each object once. */
export interface Slice {
  readonly count: number;
  readonly runs: readonly Run[];
}

/** A run is cut at about so many bytes: two of them are in memory at a time, and the packets made of one. */
const runBytes = 256 * 1024;

/** Collects entries into runs, in the order given. */
const runCollector = () => {
  const runs: Run[] = [];
  let run: { segment: number; first: number; end: number; bytes: number } | undefined;
  let count = 0;
  const add = (segment: number, row: number, bytes: number): void => {
    count++;
    if (run !== undefined && run.segment === segment && run.end === row && run.bytes + bytes <= runBytes) {
      run.end++;
      run.bytes += bytes;
      return;
    }
    run = { segment, first: row, end: row + 1, bytes };
    runs.push(run);
  };
  return { add, slice: (): Slice => ({ count, runs }) };
};

/**
 * The objects that commits `from` to `to` (exclusive) brought. Of objects stored more than once the first copy counts, also
 * when it lies before the slice (the client has it then): so no delta can lean on a later object, and no object comes twice.
 */
export const sliceOf = (history: History, from: number, to: number): Slice => {
  const seen = new Set<Oid>();
  const collector = runCollector();
  const begin = history.commits[from];
  const stop = history.commits[to] ?? history.rows.length / footerEntryBytes;
  if (begin === undefined) return { count: 0, runs: [] };
  for (const [segment, { first, end }] of history.segments.entries()) {
    for (let row = first; row < Math.min(end, stop); row++) {
      const { oid, length } = entryAt(history, row);
      if (seen.has(oid)) continue;
      seen.add(oid);
      if (row >= begin) collector.add(segment, row, length);
    }
  }
  return collector.slice();
};

/** Ids of the objects in `runs`, in their order. */
export const oidsOf = (history: History, runs: readonly Run[]): Oid[] =>
  runs.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => entryAt(history, first + at).oid));

/** Where the same objects are by another index of the repository. Throws Fault segment-missing. */
export const locate = (history: History, oids: readonly Oid[]): readonly Run[] => {
  const rows = firstCopies(history);
  const collector = runCollector();
  for (const oid of oids) {
    const row = rows.get(oid) ?? missing(oid);
    collector.add(segmentOf(history, row), row, entryAt(history, row).length);
  }
  return collector.slice().runs;
};

/** The segment that a row belongs to. */
export const segmentOf = ({ segments }: History, row: number): number => segments.findIndex(({ end }) => row < end);
