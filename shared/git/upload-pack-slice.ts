import type { Oid } from "./oid.ts";
import { firstCopies, missing, rangeOf, type History, type Position } from "./upload-pack-history.ts";

/** Entries that lie side by side in one segment: what is read and sent in one go. */
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

/** A run is cut at about so many bytes: a few of them are in memory at a time. */
const runBytes = 2 * 1024 * 1024;

/** Collects entries into runs, in the order given. */
const runCollector = (history: History) => {
  const runs: Run[] = [];
  let run: { segment: number; first: number; end: number; bytes: number } | undefined;
  let count = 0;
  const add = (segment: number, entry: number, bytes: number): void => {
    count++;
    if (run !== undefined && run.segment === segment && run.end === entry && run.bytes + bytes <= runBytes) {
      run.end++;
      run.bytes += bytes;
      return;
    }
    run = { segment, first: entry, end: entry + 1, bytes };
    runs.push(run);
  };
  const addAt = ({ segment, entry }: Position): void =>
    add(segment, entry, history.segments[segment]?.entries[entry]?.length ?? 0);
  return { add, addAt, slice: (): Slice => ({ count, runs }) };
};

/**
 * The objects that commits `from` to `to` (exclusive) brought. Of objects stored more than once the first copy counts, also
 * when it lies before the slice (the client has it then): so no delta can lean on a later object, and no object comes twice.
 */
export const sliceOf = (history: History, from: number, to: number): Slice => {
  const seen = new Set<Oid>();
  const collector = runCollector(history);
  const start = history.starts[from];
  const end = history.starts[to];
  if (start === undefined) return { count: 0, runs: [] };
  for (const [segment, { entries }] of history.segments.entries()) {
    if (end !== undefined && segment > end.segment) break;
    const stop = segment === end?.segment ? end.entry : entries.length;
    const begin = segment < start.segment ? stop : segment === start.segment ? start.entry : 0;
    for (let entry = 0; entry < stop; entry++) {
      const { oid, length } = entries[entry] ?? { oid: "", length: 0 };
      if (seen.has(oid)) continue;
      seen.add(oid);
      if (entry >= begin) collector.add(segment, entry, length);
    }
  }
  return collector.slice();
};

/** Ids of the objects in `runs`, in their order. */
export const oidsOf = (history: History, runs: readonly Run[]): Oid[] =>
  runs.flatMap(({ segment, first, end }) =>
    (history.segments[segment]?.entries.slice(first, end) ?? []).map(({ oid }) => oid),
  );

/** Where the same objects are by another index of the repository. Throws Fault segment-missing. */
export const locate = (history: History, oids: readonly Oid[]): readonly Run[] => {
  const places = firstCopies(history);
  const collector = runCollector(history);
  for (const oid of oids) collector.addAt(places.get(oid) ?? missing(oid));
  return collector.slice().runs;
};

/** Bytes of a run in its segment. */
export const rangeOfRun = (history: History, { segment, first, end }: Run): { from: number; to: number } => {
  const indexed = history.segments[segment];
  return indexed === undefined ? { from: 0, to: 0 } : rangeOf(indexed, first, end);
};
