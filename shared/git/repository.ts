import { Fault } from "../errors.ts";
import type { FileEntry } from "../record/view.ts";
import { applyDelta } from "./delta.ts";
import type { FooterEntry } from "./footer.ts";
import { objectId, type GitObject } from "./objects.ts";
import type { Oid } from "./oid.ts";
import { decodeEntry } from "./pack.ts";
import { segmentReader, type RepositorySource, type SegmentReader } from "./segment-reader.ts";

/** Where an object stands: which segment, counted from the oldest, and what its footer says. */
export interface Position {
  readonly segment: number;
  readonly entry: FooterEntry;
}

/** Reads objects by id. Everything throws Fault segment-missing (read the head again) | damaged. */
export interface Repository {
  readonly source: RepositorySource;
  readonly segments: SegmentReader;
  /** Index of the segment that commit `number` (commits before it) and what it brought are in. */
  segmentOf(number: number): number;
  /** The newest copy in segments up to `newest` (default: all). */
  find(oid: Oid, newest?: number): Promise<Position | undefined>;
  /** An object made whole, its id checked. */
  object(position: Position): Promise<GitObject>;
  /** Content of a file of any tree of this repository. */
  blob(file: Pick<FileEntry, "oid" | "broughtBy">): Promise<Uint8Array>;
}

const missing = (oid: Oid): Fault => new Fault("damaged", "An object is not in the repository.", { oid });

/** Finds copies, newest segment first. */
const finder = (segments: SegmentReader) => {
  const find = async (oid: Oid, newest = segments.places.length - 1): Promise<Position | undefined> => {
    for (let segment = newest; segment >= 0; segment--) {
      const entry = await segments.find(segment, oid);
      if (entry !== undefined) return { segment, entry };
    }
    return undefined;
  };
  /**
   * What a delta at `above` leans on: always an earlier entry. When a tree came back (A, B, A again) newer copies exist
   * that lean on this very delta; taking one of them would go round in a circle.
   */
  const findBase = async (oid: Oid, above: Position): Promise<Position> => {
    const here = await segments.find(above.segment, oid);
    if (here !== undefined && here.offset < above.entry.offset) return { segment: above.segment, entry: here };
    const base = await find(oid, above.segment - 1);
    if (base === undefined) throw missing(oid);
    return base;
  };
  return { find, findBase };
};

/** Opens a repository for reading. Reads nothing yet. */
export const openRepository = (source: RepositorySource): Repository => {
  const segments = segmentReader(source);
  const { find, findBase } = finder(segments);
  const whole = async (position: Position, read: SegmentReader["bytes"]): Promise<GitObject> => {
    const deltas: Uint8Array[] = [];
    for (let at = position; ;) {
      const { offset, length } = at.entry;
      const { type, base, content } = decodeEntry(await read(at.segment, offset, offset + length));
      if (base !== undefined) {
        deltas.push(content);
        // However long the chain is, it ends: a base always stands earlier.
        at = await findBase(base, at);
        continue;
      }
      const body = deltas.reduceRight<Uint8Array>((under, delta) => applyDelta(under, delta), content);
      const { oid } = position.entry;
      if (type === undefined || objectId(type, body) !== oid) {
        throw new Fault("damaged", "An object does not match its id.", { oid });
      }
      return { type, oid, body };
    }
  };
  const segmentOf = (number: number): number => segments.places.findLastIndex(({ pack }) => pack.first <= number);
  const blob: Repository["blob"] = async ({ oid, broughtBy }) => {
    const segment = segmentOf(broughtBy);
    const entry = segment < 0 ? undefined : await segments.find(segment, oid);
    const position = entry === undefined ? await find(oid) : { segment, entry };
    if (position === undefined) throw missing(oid);
    return (await whole(position, segments.only)).body;
  };
  return { source, segments, segmentOf, find, object: (position) => whole(position, segments.bytes), blob };
};
