import { decodeFooter, footerTrailerBytes, writeFooterTrailer, type Footer } from "./footer.ts";
import { footerEntryBytes, sortFooterEntries, writeFooterEntry } from "./footer-rows.ts";
import type { Oid } from "./oid.ts";
import { packHeaderBytes, packTrailerBytes, writePackHeader, writePackTrailer } from "./pack.ts";
import { encodeSnapshot, type Snapshot } from "./snapshot.ts";
import type { TreeState } from "./record-tree.ts";
import type { Store } from "./tree-node.ts";
import type { ObjectType } from "./objects.ts";

/** A segment that grows by one batch. */
export interface SegmentDraft {
  /** Stores a tree or blob unless it is in the segment already. */
  readonly store: Store;
  /** Keeps the place of a commit, which stands before its trees but is made after them. */
  reserve(): number;
  fill(place: number, commit: { readonly oid: Oid; readonly entry: Uint8Array; readonly committedAt: number }): void;
  /** Takes back everything stored since this place was reserved. */
  giveBack(place: number): void;
  packLength(): number;
  /** The segment: pack, snapshot (of the changes since `base`; of everything without one) and footer. */
  finish(
    snapshot: Snapshot,
    base: TreeState | undefined,
  ): {
    readonly bytes: Buffer;
    readonly lengths: { readonly pack: number; readonly snapshot: number; readonly footer: number };
  };
}

interface Added {
  readonly oid: Oid;
  readonly type: ObjectType;
  readonly entry: Uint8Array;
  readonly sizeOrTime: number;
  readonly depth: number;
}

const emptySegment = { pack: packHeaderBytes + packTrailerBytes, count: 0, rows: Buffer.alloc(0) };

/** Opens a whole segment's footer; the parts' lengths tell where its pack ends. */
const openTail = (tail: Uint8Array | undefined): Pick<Footer, "pack" | "count" | "rows" | "find"> =>
  tail === undefined ? { ...emptySegment, find: () => undefined } : decodeFooter(tail);

/**
 * Tells which objects deltas of a segment may lean on. A tree that came back, and that a delta here leans on an older
 * copy of, must not be a delta itself: it could lead back to that delta, and `git index-pack`, which knows no order, would
 * meet a circle. A stored entry that only happens to hold these 20 bytes makes one tree longer, no more.
 */
const basesIn = (entries: Uint8Array | undefined) => {
  const stored = entries && Buffer.from(entries.buffer, entries.byteOffset, entries.length);
  const added = new Set<Oid>();
  return {
    add: (base: Oid) => added.add(base),
    has: (oid: Oid): boolean => added.has(oid) || (stored?.includes(Buffer.from(oid, "hex")) ?? false),
  };
};

/** Starts from the tail's bytes; without one, from nothing. Entries of the tail are copied, never decoded. */
export const extendSegment = (tail: Uint8Array | undefined): SegmentDraft => {
  const old = openTail(tail);
  const added: (Added | undefined)[] = [];
  const depths = new Map<Oid, number>();
  const bases = basesIn(tail?.subarray(packHeaderBytes, old.pack - packTrailerBytes));
  let packLength = old.pack;
  const put = (place: number, one: Added): void => {
    added[place] = one;
    depths.set(one.oid, one.depth);
    packLength += one.entry.length;
  };
  return {
    store: ({ oid, type, sizeOrTime, encode }) => {
      const known = depths.get(oid) ?? old.find(oid)?.depth;
      if (known !== undefined) return known;
      const { entry, depth, base } = encode(type === "tree" && bases.has(oid));
      if (base !== undefined) bases.add(base);
      put(added.length, { oid, type, entry, sizeOrTime, depth });
      return depth;
    },
    reserve: () => added.push(undefined) - 1,
    fill: (place, { oid, entry, committedAt }) =>
      put(place, { oid, type: "commit", entry, sizeOrTime: committedAt, depth: 0 }),
    giveBack: (place) => {
      for (const one of added.splice(place)) {
        depths.delete(one?.oid ?? "");
        packLength -= one?.entry.length ?? 0;
      }
    },
    packLength: () => packLength,
    finish: (snapshot, base) =>
      join({ tail, old, added, packLength }, encodeSnapshot(snapshot, base), base === undefined),
  };
};

interface Entries {
  readonly tail: Uint8Array | undefined;
  readonly old: Pick<Footer, "pack" | "count" | "rows">;
  readonly added: readonly (Added | undefined)[];
  readonly packLength: number;
}

/** Puts the parts together: the tail's entries and rows copied, the added ones after them. */
const join = (
  { tail, old, added, packLength }: Entries,
  snapshot: Buffer,
  sorted: boolean,
): ReturnType<SegmentDraft["finish"]> => {
  const made = added.filter((one) => one !== undefined);
  const count = old.count + made.length;
  const footer = count * footerEntryBytes + footerTrailerBytes;
  const bytes = Buffer.allocUnsafeSlow(packLength + snapshot.length + footer);
  if (tail !== undefined) bytes.set(tail.subarray(0, old.pack - packTrailerBytes));
  writePackHeader(bytes, count);
  const rowsAt = packLength + snapshot.length;
  bytes.set(old.rows, rowsAt);
  let row = rowsAt + old.rows.length;
  let offset = old.pack - packTrailerBytes;
  for (const { oid, type, entry, sizeOrTime, depth } of made) {
    bytes.set(entry, offset);
    row = writeFooterEntry(bytes, row, { oid, type, offset, length: entry.length, sizeOrTime, depth });
    offset += entry.length;
  }
  writePackTrailer(bytes, offset);
  bytes.set(snapshot, packLength);
  if (sorted) bytes.set(sortFooterEntries(bytes.subarray(rowsAt, row)), rowsAt);
  writeFooterTrailer(bytes, { from: rowsAt, at: row }, { pack: packLength, snapshot: snapshot.length });
  return { bytes, lengths: { pack: packLength, snapshot: snapshot.length, footer } };
};
