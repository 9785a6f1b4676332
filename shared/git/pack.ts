import { hash } from "node:crypto";
import { Fault } from "../errors.ts";
import { deflate, inflate, store } from "./deflate.ts";
import type { GitObject, ObjectType } from "./objects.ts";
import type { Oid } from "./oid.ts";

/** Bytes before the first entry: `PACK`, version 2, number of entries. */
export const packHeaderBytes = 12;
/** Bytes after the last entry: SHA-1 of everything before. */
export const packTrailerBytes = 20;

const typeNumbers = { commit: 1, tree: 2, blob: 3 } as const;
const refDelta = 7;

const damaged = (why: string): Fault => new Fault("damaged", `A pack entry is malformed: ${why}.`);

/** An entry's first bytes: 3 bits of type, then the inflated size, 4 bits and 7 more a byte. */
const entryHeader = (type: number, size: number): number[] => {
  const bytes: number[] = [];
  let byte = (type << 4) | (size & 0xf);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
  }
  bytes.push(byte);
  return bytes;
};

/** A whole object as a pack entry. Commits are stored as they are: mostly ids and a signature, they hardly shrink. */
export const encodeEntry = ({ type, body }: Pick<GitObject, "type" | "body">): Buffer =>
  Buffer.concat([
    Buffer.from(entryHeader(typeNumbers[type], body.length)),
    type === "commit" ? store(body) : deflate(body),
  ]);

/** A REF_DELTA entry: the delta of the object `base` names. */
export const encodeDeltaEntry = (base: Oid, delta: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(entryHeader(refDelta, delta.length)), Buffer.from(base, "hex"), deflate(delta)]);

/** A pack entry as stored: `base` is set for a delta, whose `content` then is the delta itself. */
export interface StoredEntry {
  readonly type: ObjectType | undefined;
  readonly base: Oid | undefined;
  readonly content: Uint8Array;
}

const typeOf = (number: number): ObjectType | undefined =>
  number === 1 ? "commit" : number === 2 ? "tree" : number === 3 ? "blob" : undefined;

/** Where an entry's size ends: each byte but the last has its high bit set. */
const endOfSize = (bytes: Uint8Array): number => {
  let at = 0;
  while ((bytes[at] ?? 0) & 0x80) at++;
  return at + 1;
};

/** The object that a stored delta leans on; undefined for a whole object. Reads the entry's start only. */
export const baseOf = (entry: Uint8Array): Oid | undefined => {
  if ((((entry[0] ?? 0) >> 4) & 7) !== refDelta) return undefined;
  return Buffer.from(entry.buffer, entry.byteOffset + endOfSize(entry), 20).toString("hex");
};

/** Decodes one entry that takes up all of `bytes`. Throws Fault damaged. */
export const decodeEntry = (bytes: Uint8Array): StoredEntry => {
  const number = ((bytes[0] ?? 0) >> 4) & 7;
  const at = endOfSize(bytes);
  if (at > 7) throw damaged("its size");
  let size = (bytes[0] ?? 0) & 0xf;
  for (let i = 1; i < at; i++) size += ((bytes[i] ?? 0) & 0x7f) * 2 ** (7 * i - 3);
  const delta = number === refDelta;
  const type = typeOf(number);
  if (!delta && type === undefined) throw damaged("its type");
  if (delta && bytes.length < at + 20) throw damaged("its base");
  const content = inflate(bytes.subarray(delta ? at + 20 : at), size);
  if (content.length !== size) throw damaged("its length");
  return { type, base: baseOf(bytes), content };
};

/** Writes a pack's header for `count` entries at the start of `into`. */
export const writePackHeader = (into: Buffer, count: number): void => {
  into.write("PACK", 0, "latin1");
  into.writeUInt32BE(2, 4);
  into.writeUInt32BE(count, 8);
};

/** Writes a pack's trailer: the SHA-1 of the `end` bytes before it. */
export const writePackTrailer = (into: Buffer, end: number): void => {
  into.write(hash("sha1", into.subarray(0, end)), end, packTrailerBytes, "hex");
};

/** Checks header and trailer of a whole pack of `count` entries. Throws Fault damaged. */
export const checkPack = (pack: Uint8Array, count: number): void => {
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.length);
  const end = bytes.length - packTrailerBytes;
  const header = end >= packHeaderBytes && bytes.toString("latin1", 0, 4) === "PACK" && bytes.readUInt32BE(4) === 2;
  if (!header || bytes.readUInt32BE(8) !== count) throw damaged("the pack's header");
  if (hash("sha1", bytes.subarray(0, end)) !== bytes.toString("hex", end)) throw damaged("the pack's checksum");
};
