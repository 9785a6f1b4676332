import { deflateSync, inflateSync } from "node:zlib";
import { Fault } from "../errors.ts";

/** Below this a stored block is written by hand: setting up zlib costs more than the bytes it saves (8–12 µs a call). */
const storedBelow = 320;

/** RFC 1950: the sum that ends a zlib stream. Inputs stay under 5,552 bytes, so one reduction at the end is enough. */
const adler32 = (bytes: Uint8Array): number => {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length; i++) {
    a += bytes[i] ?? 0;
    b += a;
  }
  return (((b % 65521) << 16) | (a % 65521)) >>> 0;
};

/** A zlib stream of one stored block (RFC 1951, 3.2.4). */
const stored = (bytes: Uint8Array): Buffer => {
  const stream = Buffer.allocUnsafe(bytes.length + 11);
  stream.writeUInt32BE(0x78010100 | (bytes.length & 0xff), 0);
  stream[4] = bytes.length >>> 8;
  stream.writeUInt16LE(~bytes.length & 0xffff, 5);
  stream.set(bytes, 7);
  stream.writeUInt32BE(adler32(bytes), bytes.length + 7);
  return stream;
};

/** A zlib stream (RFC 1950) of `bytes`. */
export const deflate = (bytes: Uint8Array): Buffer => {
  if (bytes.length < storedBelow) return stored(bytes);
  return bytes.length > 8192 ? deflateSync(bytes, { level: 1 }) : deflateSync(bytes, { windowBits: 13, memLevel: 6 });
};

/** The bytes of a single stored block as this module writes it; undefined for any other stream. */
const readStored = (stream: Uint8Array): Uint8Array | undefined => {
  const length = (stream[3] ?? 0) | ((stream[4] ?? 0) << 8);
  if (stream[0] !== 0x78 || stream[1] !== 0x01 || stream[2] !== 0x01 || stream.length !== length + 11) return undefined;
  const bytes = stream.subarray(7, length + 7);
  const sum = Buffer.from(stream.buffer, stream.byteOffset + length + 7, 4).readUInt32BE();
  return length < storedBelow && adler32(bytes) === sum ? bytes : undefined;
};

/** The content of a zlib stream that takes up all of `stream`. Throws Fault damaged. */
export const inflate = (stream: Uint8Array, limit = 0x1fffffff): Uint8Array => {
  try {
    return readStored(stream) ?? inflateSync(stream, { maxOutputLength: Math.max(limit, 1) });
  } catch (cause) {
    throw new Fault("damaged", "A compressed stream does not inflate.", {}, { cause });
  }
};
