import { Fault } from "../errors.ts";

/** Puts numbers, ids and texts one after the other. */
export interface ByteWriter {
  /** A whole number ≥ 0, 7 bits a byte, lowest first. */
  varint(value: number): ByteWriter;
  bytes(value: Uint8Array): ByteWriter;
  /** 40 hexadecimal digits as 20 bytes. */
  hex(value: string): ByteWriter;
  /** UTF-8 with its length before it. */
  text(value: string): ByteWriter;
  done(): Uint8Array;
}

export const byteWriter = (room: number): ByteWriter => {
  let buffer = Buffer.allocUnsafe(room);
  let at = 0;
  const need = (length: number): void => {
    if (at + length <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + length));
    larger.set(buffer.subarray(0, at));
    buffer = larger;
  };
  const writer: ByteWriter = {
    varint: (value) => {
      need(8);
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) buffer[at++] = (rest & 0x7f) | 0x80;
      buffer[at++] = rest;
      return writer;
    },
    bytes: (value) => {
      need(value.length);
      buffer.set(value, at);
      at += value.length;
      return writer;
    },
    hex: (value) => {
      need(20);
      at += buffer.write(value, at, 20, "hex");
      return writer;
    },
    text: (value) => {
      const length = Buffer.byteLength(value);
      writer.varint(length);
      need(length);
      at += buffer.write(value, at, length, "utf8");
      return writer;
    },
    done: () => buffer.subarray(0, at),
  };
  return writer;
};

/** Takes apart what a `ByteWriter` made. */
export interface ByteReader {
  varint(): number;
  bytes(length: number): Uint8Array;
  hex(): string;
  text(): string;
}

/** Reads `source` from its start; reading past its end throws Fault damaged. */
export const byteReader = (source: Uint8Array): ByteReader => {
  const buffer = Buffer.from(source.buffer, source.byteOffset, source.length);
  let at = 0;
  const take = (length: number): Buffer => {
    at += length;
    if (at > buffer.length) throw new Fault("damaged", "A snapshot ends too early.");
    return buffer.subarray(at - length, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = take(1)[0] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  return { varint, bytes: take, hex: () => take(20).toString("hex"), text: () => take(varint()).toString() };
};

/** These bytes in memory of their own: what is kept must not keep alive the larger buffer that it was cut from. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
