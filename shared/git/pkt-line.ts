import { Refusal } from "../errors.ts";

/** One packet of the Git wire protocol (gitprotocol-common): a line without its newline, or one of two separators. */
export type Packet =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "flush" }
  | { readonly kind: "delimiter" };

/** Bytes of a packet, its length included (gitprotocol-common: 65520). */
const maxPacket = 65_520;
const lengthBytes = 4;

const flush: Packet = { kind: "flush" };
const delimiter: Packet = { kind: "delimiter" };

const malformed = (): Refusal =>
  new Refusal("invalid-request", "The body is not a sequence of pkt-lines (gitprotocol-common)");

/** The packet's length; −1 for anything but four hexadecimal digits. */
const lengthAt = (body: Buffer, at: number): number => {
  const digits = body.toString("latin1", at, at + lengthBytes);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
};

const lineIn = (body: Buffer, from: number, to: number): Packet => {
  const end = to > from && body[to - 1] === 0x0a ? to - 1 : to;
  return { kind: "line", text: body.toString("latin1", from, end) };
};

/** The packets of a request body; throws Refusal invalid-request when it is anything else, also when it is cut short. */
export const decodePackets = (bytes: Uint8Array): Packet[] => {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: Packet[] = [];
  for (let at = 0; at < body.length;) {
    const length = lengthAt(body, at);
    if (length === 0 || length === 1) {
      packets.push(length === 0 ? flush : delimiter);
      at += lengthBytes;
      continue;
    }
    // 2 ends a response, 3 is reserved: neither belongs into a request.
    if (length < lengthBytes || length > maxPacket || at + length > body.length) throw malformed();
    packets.push(lineIn(body, at + lengthBytes, at + length));
    at += length;
  }
  return packets;
};

export const flushPacket: Uint8Array = Buffer.from("0000");
export const delimiterPacket: Uint8Array = Buffer.from("0001");

const prefix = (length: number): string => length.toString(16).padStart(lengthBytes, "0");

/** A line with its newline as one packet; ASCII, at most 65,515 characters. */
export const linePacket = (text: string): Uint8Array =>
  Buffer.from(`${prefix(text.length + lengthBytes + 1)}${text}\n`, "latin1");

/** Side bands: 1 the pack, 2 progress, 3 a last word before the end (gitprotocol-pack, "Packfile Data"). */
export type Band = 1 | 2 | 3;

/** `bytes` in packets of one side band, each of at most `packetBytes` (1,000 or 65,520), laid out in one buffer. */
export const sideBand = (band: Band, bytes: Uint8Array, packetBytes: number = maxPacket): Uint8Array => {
  const room = packetBytes - lengthBytes - 1;
  const out = Buffer.allocUnsafe(bytes.length + Math.ceil(bytes.length / room) * (lengthBytes + 1));
  let to = 0;
  for (let from = 0; from < bytes.length; from += room) {
    const part = bytes.subarray(from, from + room);
    out.write(prefix(part.length + lengthBytes + 1), to, "latin1");
    out[to + lengthBytes] = band;
    out.set(part, to + lengthBytes + 1);
    to += part.length + lengthBytes + 1;
  }
  return out;
};
