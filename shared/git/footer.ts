import { crc32 } from "node:zlib";
import { Fault } from "../errors.ts";
import {
  findSorted,
  footerEntryBytes,
  isCommitRow,
  isSorted,
  orderBy,
  readFooterRow,
  type FooterEntry,
} from "./footer-rows.ts";
import type { Oid } from "./oid.ts";

export type { FooterEntry } from "./footer-rows.ts";

/**
 * A segment's footer: one row an object (footer-rows.ts), then 20 bytes
 * (CRC-32 of the entries, their number, lengths of pack and snapshot, magic). Numbers are big-endian.
 * A tail's entries are in pack order; a sealed segment's are sorted by oid, so that a reader may take a window of them.
 */
export const footerTrailerBytes = 20;
const magic = "CNS1";

/** Lengths in bytes of a segment's pack and snapshot. */
export interface PartLengths {
  readonly pack: number;
  readonly snapshot: number;
}

/** Writes the end of a footer whose entries stand in `into` from `from` to `at`; returns where it ends. */
export const writeFooterTrailer = (
  into: Buffer,
  { from, at }: { readonly from: number; readonly at: number },
  { pack, snapshot }: PartLengths,
): number => {
  into.writeUInt32BE(crc32(into.subarray(from, at)), at);
  into.writeUInt32BE((at - from) / footerEntryBytes, at + 4);
  into.writeUInt32BE(pack, at + 8);
  into.writeUInt32BE(snapshot, at + 12);
  into.write(magic, at + 16, "latin1");
  return at + footerTrailerBytes;
};

/** A footer as read: the entries stay bytes until somebody asks for them. */
export interface Footer extends PartLengths {
  readonly count: number;
  /** The object's entry; undefined when it is not in this segment. */
  find(oid: Oid): FooterEntry | undefined;
  /** All entries as they lie in the pack. */
  inPackOrder(): readonly FooterEntry[];
  /** Entries of commits, oldest first: the i-th is the commit number `first + i`. */
  commits(): readonly FooterEntry[];
  /** The 33-byte rows as stored. */
  readonly rows: Buffer;
}

/** Finds an oid: by halving when the rows are sorted, else from the first to the last. */
const rowFinder = (rows: Buffer): Footer["find"] => {
  const sorted = isSorted(rows);
  return (hex) => {
    const oid = Buffer.from(hex, "hex");
    if (sorted) return findSorted(rows, oid);
    let at = rows.indexOf(oid);
    while (at >= 0 && at % footerEntryBytes !== 0) at = rows.indexOf(oid, at + 1);
    return at < 0 ? undefined : readFooterRow(rows, at / footerEntryBytes);
  };
};

/** Entries of commits in pack order, without reading the others. */
const commitsIn = (rows: Buffer): readonly FooterEntry[] => {
  const found: FooterEntry[] = [];
  for (let index = 0; index * footerEntryBytes < rows.length; index++) {
    if (isCommitRow(rows, index)) found.push(readFooterRow(rows, index));
  }
  return found.toSorted((a, b) => a.offset - b.offset);
};

const openRows = (rows: Buffer, { pack, snapshot }: PartLengths): Footer => {
  const count = rows.length / footerEntryBytes;
  let order: readonly FooterEntry[] | undefined;
  let commits: readonly FooterEntry[] | undefined;
  const inPackOrder = (): readonly FooterEntry[] =>
    (order ??= Array.from(orderBy(rows, 20), (index) => readFooterRow(rows, index)));
  return {
    count,
    pack,
    snapshot,
    rows,
    find: rowFinder(rows),
    inPackOrder,
    commits: () => (commits ??= commitsIn(rows)),
  };
};

/** Opens a footer (or anything that ends with one). Throws Fault damaged. */
export const decodeFooter = (bytes: Uint8Array): Footer => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = all.length - footerTrailerBytes;
  if (at < 0 || all.toString("latin1", at + 16) !== magic) throw new Fault("damaged", "A segment has no footer.");
  const from = at - all.readUInt32BE(at + 4) * footerEntryBytes;
  const rows = from < 0 ? undefined : all.subarray(from, at);
  if (rows === undefined || crc32(rows) !== all.readUInt32BE(at)) {
    throw new Fault("damaged", "A segment's footer does not match its checksum.");
  }
  return openRows(rows, { pack: all.readUInt32BE(at + 8), snapshot: all.readUInt32BE(at + 12) });
};
