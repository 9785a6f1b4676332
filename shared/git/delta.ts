import { Fault } from "../errors.ts";

/** Replaces bytes `from`–`to` (exclusive) of a base by `bytes`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** The longest run one copy instruction names (gitformat-pack: three size bytes). */
const longestCopy = 0xffffff;
const longestInsert = 0x7f;

const damaged = (): Fault => new Fault("damaged", "A delta is malformed.");

const pushSize = (out: number[], size: number): void => {
  let rest = size;
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
};

/** One copy instruction: a byte of flags, then only the offset and size bytes that are not zero. */
const pushCopyOp = (out: number[], offset: number, size: number): void => {
  const at = out.push(0x80) - 1;
  let flags = 0x80;
  for (let i = 0; i < 7; i++) {
    const byte = i < 4 ? (offset >>> (8 * i)) & 0xff : (size >>> (8 * (i - 4))) & 0xff;
    if (byte === 0) continue;
    flags |= 1 << i;
    out.push(byte);
  }
  out[at] = flags;
};

const pushCopy = (out: number[], from: number, to: number): void => {
  for (let at = from; at < to; at += longestCopy) pushCopyOp(out, at, Math.min(longestCopy, to - at));
};

const pushInsert = (out: number[], bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; at += longestInsert) {
    const end = Math.min(at + longestInsert, bytes.length);
    out.push(end - at);
    for (let i = at; i < end; i++) out.push(bytes[i] ?? 0);
  }
};

/** Length of a base of `length` bytes after `splices`. */
export const splicedLength = (length: number, splices: readonly Splice[]): number =>
  splices.reduce((sum, { from, to, bytes }) => sum + bytes.length - (to - from), length);

/** Git's delta (gitformat-pack, "Deltified representation") for `splices`, which are in order and do not overlap. */
export const encodeDelta = (baseLength: number, splices: readonly Splice[]): Uint8Array => {
  const out: number[] = [];
  pushSize(out, baseLength);
  pushSize(out, splicedLength(baseLength, splices));
  let at = 0;
  for (const { from, to, bytes } of splices) {
    pushCopy(out, at, from);
    pushInsert(out, bytes);
    at = to;
  }
  pushCopy(out, at, baseLength);
  return Uint8Array.from(out);
};

/** Writes `base` with `splices` made to it into `into`, which has exactly the room. */
export const splice = (base: Uint8Array, splices: readonly Splice[], into: Uint8Array): void => {
  let read = 0;
  let at = 0;
  for (const { from, to, bytes } of splices) {
    into.set(base.subarray(read, from), at);
    into.set(bytes, at + from - read);
    at += from - read + bytes.length;
    read = to;
  }
  into.set(base.subarray(read), at);
};

/** Reads a delta byte by byte; throws Fault damaged at its end. */
const reader = (delta: Uint8Array) => {
  let at = 0;
  const byte = (): number => {
    const value = delta[at++];
    if (value === undefined) throw damaged();
    return value;
  };
  const size = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
      if (scale > 2 ** 28) throw damaged();
    }
  };
  const parts = (flags: number, count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) if (flags & (1 << i)) value += byte() * 2 ** (8 * i);
    return value;
  };
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > delta.length) throw damaged();
    return delta.subarray(at - length, at);
  };
  return { byte, size, parts, take, done: () => at >= delta.length };
};

/** The object that `delta` makes of `base`. Throws Fault damaged. */
export const applyDelta = (base: Uint8Array, delta: Uint8Array, limit = 0x1fffffff): Uint8Array => {
  const { byte, size, parts, take, done } = reader(delta);
  if (size() !== base.length) throw damaged();
  const length = size();
  if (length > limit) throw damaged();
  const out = Buffer.allocUnsafeSlow(length);
  let at = 0;
  while (!done()) {
    const op = byte();
    if (op === 0) throw damaged();
    const offset = op & 0x80 ? parts(op, 4) : 0;
    const run = op & 0x80 ? parts(op >>> 4, 3) & 0xffffff || 0x10000 : op;
    if (at + run > out.length || (op & 0x80 && offset + run > base.length)) throw damaged();
    out.set(op & 0x80 ? base.subarray(offset, offset + run) : take(run), at);
    at += run;
  }
  if (at !== out.length) throw damaged();
  return out;
};
