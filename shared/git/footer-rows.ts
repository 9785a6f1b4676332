import { Fault } from "../errors.ts";
import type { ObjectType } from "./objects.ts";
import type { Oid } from "./oid.ts";

/** What a footer knows of one object. */
export interface FooterEntry {
  readonly oid: Oid;
  readonly type: ObjectType;
  /** Where the entry starts in the segment (the pack is its first part), and its length in bytes. */
  readonly offset: number;
  readonly length: number;
  /** A tree's or blob's size in bytes; a commit's committer time in seconds since the epoch. */
  readonly sizeOrTime: number;
  /** Number of deltas between this entry and a whole object, at most. */
  readonly depth: number;
}

/** Length of a row: oid 20, offset, length and sizeOrTime 4 each, type and depth 1. Numbers are big-endian. */
export const footerEntryBytes = 33;

const types: readonly ObjectType[] = ["commit", "tree", "blob"];

/** Writes one entry at `at`; returns where it ends. */
export const writeFooterEntry = (into: Buffer, at: number, entry: FooterEntry): number => {
  into.write(entry.oid, at, 20, "hex");
  into.writeUInt32BE(entry.offset, at + 20);
  into.writeUInt32BE(entry.length, at + 24);
  into.writeUInt32BE(entry.sizeOrTime, at + 28);
  into[at + 32] = types.indexOf(entry.type) | (entry.depth << 2);
  return at + footerEntryBytes;
};

/** Reads row `index`. Throws Fault damaged. */
export const readFooterRow = (rows: Buffer, index: number): FooterEntry => {
  const at = index * footerEntryBytes;
  const tag = rows[at + 32] ?? 0;
  const type = types[tag & 3];
  if (type === undefined) throw new Fault("damaged", "A footer names an unknown type of object.");
  return {
    oid: rows.toString("hex", at, at + 20),
    type,
    offset: rows.readUInt32BE(at + 20),
    length: rows.readUInt32BE(at + 24),
    sizeOrTime: rows.readUInt32BE(at + 28),
    depth: tag >> 2,
  };
};

/** 2^21 objects of 32-bit numbers still fit the 53 bits of a number. */
const indexRoom = 2 ** 21;

/** Rows in the order of a 32-bit number in them, by their indexes: numbers sort natively, rows would not. */
export const orderBy = (rows: Buffer, column: number): Float64Array => {
  const keys = new Float64Array(rows.length / footerEntryBytes);
  for (let index = 0; index < keys.length; index++) {
    keys[index] = rows.readUInt32BE(index * footerEntryBytes + column) * indexRoom + index;
  }
  return keys.toSorted().map((key) => key % indexRoom);
};

/** Whether row `index` is that of a commit. */
export const isCommitRow = (rows: Buffer, index: number): boolean =>
  ((rows[index * footerEntryBytes + 32] ?? 0) & 3) === types.indexOf("commit");

/** Rows as their entries lie in the pack. */
export const inPackOrder = (rows: Buffer): Buffer => {
  const ordered = Buffer.allocUnsafe(rows.length);
  let to = 0;
  for (const index of orderBy(rows, 20)) {
    const at = index * footerEntryBytes;
    to += rows.copy(ordered, to, at, at + footerEntryBytes);
  }
  return ordered;
};

/** Rows (33 bytes each) sorted by oid. */
export const sortFooterEntries = (rows: Buffer): Buffer => {
  const sorted = Buffer.allocUnsafe(rows.length);
  const width = footerEntryBytes;
  const row = Buffer.allocUnsafe(width);
  let end = 0;
  for (const index of orderBy(rows, 0)) {
    rows.copy(row, 0, index * width, index * width + width);
    let at = end;
    // Oids that share their first four bytes: the longer look decides.
    for (; at > 0 && row.compare(sorted, at - width, at - width + 20, 0, 20) < 0; at -= width) {
      sorted.copyWithin(at, at - width, at);
    }
    row.copy(sorted, at);
    end += width;
  }
  return sorted;
};

/** Number of the first row whose oid is not before `oid`, in rows sorted by oid. */
const lowerBound = (rows: Buffer, oid: Buffer): number => {
  let low = 0;
  let high = rows.length / footerEntryBytes;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * footerEntryBytes;
    if (rows.compare(oid, 0, 20, at, at + 20) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The row of `oid` in rows sorted by oid; undefined when it is not among them. */
export const findSorted = (rows: Buffer, oid: Buffer): FooterEntry | undefined => {
  const at = lowerBound(rows, oid) * footerEntryBytes;
  return at < rows.length && rows.compare(oid, 0, 20, at, at + 20) === 0
    ? readFooterRow(rows, at / footerEntryBytes)
    : undefined;
};

/** Whether rows lie in the order of their oids. */
export const isSorted = (rows: Buffer): boolean => {
  for (let at = footerEntryBytes; at < rows.length; at += footerEntryBytes) {
    if (rows.compare(rows, at - footerEntryBytes, at - footerEntryBytes + 20, at, at + 20) < 0) return false;
  }
  return true;
};
