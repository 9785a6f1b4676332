import { Fault } from "../errors.ts";
import { ownBytes } from "./bytes.ts";
import { decodeFooter, footerTrailerBytes, type Footer } from "./footer.ts";
import { findSorted, footerEntryBytes, type FooterEntry } from "./footer-rows.ts";
import type { Oid } from "./oid.ts";
import type { PackEntry, PackMap, SegmentId } from "./pack-map.ts";
import type { SegmentCache } from "./segment-cache.ts";
import { segmentsInOrder } from "./segment-id.ts";
import type { ReadSegment, Tail } from "./state.ts";

/** Where a repository is read from: the head's pack map at one moment, and the segments it names. */
export interface RepositorySource {
  readonly patientId: string;
  readonly packs: PackMap;
  /** Number of commits in the history. */
  readonly commits: number;
  readonly read: ReadSegment;
  readonly cache: SegmentCache;
  /** The tail, where the current state was loaded or built: spares reading it again. */
  readonly tail?: Tail | undefined;
}

/** One segment in the order of history. */
interface SegmentPlace {
  readonly id: SegmentId;
  readonly pack: PackEntry;
}

/** Reads parts of segments through the cache. Everything throws Fault segment-missing | damaged. */
export interface SegmentReader {
  /** Oldest first. */
  readonly places: readonly SegmentPlace[];
  footer(index: number): Promise<Footer>;
  /** An object's footer entry; of a very large footer only a part is read. */
  find(index: number, oid: Oid): Promise<FooterEntry | undefined>;
  /** Stored bytes `from` (inclusive) to `to` (exclusive) of a pack. */
  bytes(index: number, from: number, to: number): Promise<Uint8Array>;
  /** The same, for bytes whose neighbours nobody is likely to ask for: of a large pack nothing else is read. */
  only(index: number, from: number, to: number): Promise<Uint8Array>;
  /** The stored snapshot. */
  snapshot(index: number): Promise<Uint8Array>;
}

/** Packs are read in parts of this size: a whole one for a segment that a writer sealed. */
const chunkBytes = 256 * 1024;
/** A pack up to this is read whole even for one entry: the next entry asked for is then at hand. */
const wholePackBytes = 64 * 1024;
/** A footer longer than this is not read whole to find one object. */
const wholeFooterBytes = 64 * 1024;

/**
 * Rows around where an oid stands among `count` sorted ones. Oids are spread evenly, so its place is off by √count / 2
 * at one standard deviation; six of them make a miss (then the footer is read whole) a curiosity.
 */
const windowOf = (oid: Buffer, count: number): { from: number; to: number } => {
  const guess = (oid.readUInt32BE(0) / 2 ** 32) * count;
  const margin = 3 * Math.sqrt(count) + 8;
  return { from: Math.max(0, Math.floor(guess - margin)), to: Math.min(count, Math.ceil(guess + margin)) };
};

const reading = ({ patientId, read, cache, tail }: RepositorySource, places: readonly SegmentPlace[]) => {
  const placeAt = (index: number): SegmentPlace & { key: string } => {
    const place = places[index];
    if (place === undefined) throw new Fault("damaged", "A segment is not in the pack map.", { index });
    return { ...place, key: `${patientId}/${place.id}` };
  };
  const part = async (id: SegmentId, from: number, to: number): Promise<Uint8Array> => {
    const bytes = id === tail?.id ? tail.bytes.subarray(from, to) : await read(id, { from, to });
    if (bytes.length !== to - from) throw new Fault("damaged", "A segment is shorter than it was.", { segmentId: id });
    return bytes;
  };
  return { placeAt, part, cache, tail };
};

const footerReader = ({ placeAt, part, cache }: ReturnType<typeof reading>) => {
  const footer = async (index: number): Promise<Footer> => {
    const { id, key, pack } = placeAt(index);
    const kept = cache.footers.get(key);
    if (kept !== undefined) return kept;
    const from = pack.pack + pack.snapshot;
    const opened = decodeFooter(ownBytes(await part(id, from, from + pack.footer)));
    // Its rows, and about as much again for its commits when somebody asks for them.
    cache.footers.set(key, opened, pack.footer * 2);
    return opened;
  };
  const find = async (index: number, oid: Oid): Promise<FooterEntry | undefined> => {
    const { id, key, pack } = placeAt(index);
    if (pack.footer > wholeFooterBytes && cache.footers.get(key) === undefined) {
      const bytes = Buffer.from(oid, "hex");
      const { from, to } = windowOf(bytes, (pack.footer - footerTrailerBytes) / footerEntryBytes);
      const start = pack.pack + pack.snapshot;
      const rows = await part(id, start + from * footerEntryBytes, start + to * footerEntryBytes);
      const found = findSorted(Buffer.from(rows.buffer, rows.byteOffset, rows.length), bytes);
      if (found !== undefined) return found;
    }
    return (await footer(index)).find(oid);
  };
  return { footer, find };
};

const packReader = ({ placeAt, part, cache, tail }: ReturnType<typeof reading>): SegmentReader["bytes"] => {
  const chunk = async (index: number, number: number): Promise<Uint8Array> => {
    const { id, key, pack } = placeAt(index);
    const chunkKey = `${key}/${number}`;
    const kept = cache.chunks.get(chunkKey);
    if (kept !== undefined) return kept;
    const from = number * chunkBytes;
    const bytes = ownBytes(await part(id, from, Math.min(from + chunkBytes, pack.pack)));
    cache.chunks.set(chunkKey, bytes, bytes.length);
    return bytes;
  };
  // oxlint-disable-next-line max-params -- a segment and a range
  return async (index, from, to) => {
    const { id } = placeAt(index);
    // In memory already, and soon replaced: nothing to keep.
    if (id === tail?.id) return part(id, from, to);
    const first = Math.floor(from / chunkBytes);
    const last = Math.floor((to - 1) / chunkBytes);
    const shift = first * chunkBytes;
    const all = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => chunk(index, first + i)));
    const [one] = all;
    return (one !== undefined && all.length === 1 ? one : Buffer.concat(all)).subarray(from - shift, to - shift);
  };
};

/** Opens the segments of a pack map for reading. Reads nothing yet. */
export const segmentReader = (source: RepositorySource): SegmentReader => {
  const { packs } = source;
  const places = segmentsInOrder(packs).flatMap((id): SegmentPlace[] => {
    const pack = packs[id];
    return pack === undefined ? [] : [{ id, pack }];
  });
  const parts = reading(source, places);
  const { placeAt, part } = parts;
  const bytes = packReader(parts);
  return {
    places,
    ...footerReader(parts),
    bytes,
    // oxlint-disable-next-line max-params -- a segment and a range
    only: (index, from, to) => {
      const { id, pack } = placeAt(index);
      return pack.pack <= wholePackBytes ? bytes(index, from, to) : part(id, from, to);
    },
    snapshot: (index) => {
      const { id, pack } = placeAt(index);
      return part(id, pack.pack, pack.pack + pack.snapshot);
    },
  };
};
