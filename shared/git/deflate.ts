import { deflateSync, inflateSync } from "node:zlib";
import { Fault } from "../errors.ts";

/** Below this a stored block is written by hand: setting up zlib costs more (12–15 µs) than the bytes it saves. */
const storedBelow = 320;
/** The longest stored block (RFC 1951, 3.2.4). */
const longestBlock = 0xffff;

/** RFC 1950: the sum that ends a zlib stream. Reduced before the sums can leave 32 bits. */
const adler32 = (bytes: Uint8Array): number => {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) {
      a += bytes[at] ?? 0;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
};

/** A zlib stream (RFC 1950) of `bytes` in one stored block when they fit: for what lives shortly or is nearly random. */
export const store = (bytes: Uint8Array): Buffer => {
  if (bytes.length > longestBlock) return deflateSync(bytes, { level: 1 });
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
  if (bytes.length < storedBelow) return store(bytes);
  return deflateSync(bytes, bytes.length > 8192 ? { level: 1 } : { chunkSize: 2048, windowBits: 13, memLevel: 6 });
};

/** The bytes of a single stored block that takes up all of `stream`; undefined for anything else. */
const readStored = (stream: Uint8Array): Uint8Array | undefined => {
  const length = (stream[3] ?? 0) | ((stream[4] ?? 0) << 8);
  if (stream[0] !== 0x78 || stream[1] !== 0x01 || stream[2] !== 0x01 || stream.length !== length + 11) return undefined;
  const { buffer, byteOffset } = stream;
  const frame = Buffer.from(buffer, byteOffset, stream.length);
  const bytes = stream.subarray(7, length + 7);
  const sound = (frame.readUInt16LE(5) ^ length) === 0xffff && frame.readUInt32BE(length + 7) === adler32(bytes);
  return sound ? bytes : undefined;
};

/** The content of a zlib stream that takes up all of `stream`; longer than `limit` is damage. Throws Fault damaged. */
export const inflate = (stream: Uint8Array, limit = 0x1fffffff): Uint8Array => {
  try {
    return readStored(stream) ?? inflateSync(stream, { maxOutputLength: Math.max(limit, 1) });
  } catch (cause) {
    throw new Fault("damaged", "A compressed stream does not inflate.", {}, { cause });
  }
};
