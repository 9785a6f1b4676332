import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import { decodePackets, delimiterPacket, flushPacket, linePacket, sideBand } from "../../shared/git/pkt-line.ts";

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");

test("a line carries its own length, prefix and newline included", () => {
  expect(Buffer.from(linePacket("a")).toString()).toBe("0006a\n");
  expect(Buffer.from(linePacket("")).toString()).toBe("0005\n");
});

test("lines and separators are read back as written", () => {
  const aLine = fc.string({ unit: fc.constantFrom("a", " ", "=", "0", "\0"), maxLength: 200 });
  const packet = fc.oneof(aLine, fc.constant(flushPacket), fc.constant(delimiterPacket));
  fc.assert(
    fc.property(fc.array(packet), (packets) => {
      const bytes = Buffer.concat(packets.map((one) => (typeof one === "string" ? linePacket(one) : one)));
      expect(decodePackets(bytes)).toEqual(
        packets.map((one) =>
          typeof one === "string" ? { kind: "line", text: one } : { kind: one === flushPacket ? "flush" : "delimiter" },
        ),
      );
    }),
  );
});

test("a line's newline is optional, and only one is taken off", () => {
  expect(decodePackets(ascii("0008done0009done\n0006\n\n0004"))).toEqual([
    { kind: "line", text: "done" },
    { kind: "line", text: "done" },
    { kind: "line", text: "\n" },
    { kind: "line", text: "" },
  ]);
});

test.for(["x", "00", "0002", "0003", "zzzz", "-001", "0x10", "+005a", "0009don", "fffff", "ffff", "0000{}"])(
  "%j is refused as malformed",
  (body) => {
    expect(() => decodePackets(ascii(body))).toThrow(Refusal);
  },
);

const packetOf = (length: number): Buffer => Buffer.concat([ascii(length.toString(16)), Buffer.alloc(length - 4, "a")]);

test("a packet has at most 65,520 bytes", () => {
  expect(decodePackets(packetOf(65_520))).toHaveLength(1);
  expect(() => decodePackets(packetOf(65_521))).toThrow(Refusal);
});

const isDecodedOrRefused = (bytes: Uint8Array): boolean => {
  try {
    return Array.isArray(decodePackets(bytes));
  } catch (error) {
    return error instanceof Refusal;
  }
};

test("arbitrary bytes are decoded or refused, never anything else", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 64 }), isDecodedOrRefused);
  expect(() => fc.assert(property)).not.toThrow();
});

test.for([
  [0, 65_520],
  [1, 65_520],
  [65_515, 65_520],
  [65_516, 65_520],
  [200_000, 65_520],
  [5_000, 1_000],
] as const)("%i bytes on a side band come back whole from packets of at most %i", ([size, limit]) => {
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, at) => at));
  const wire = Buffer.from(sideBand(1, bytes, limit));
  const parts: Buffer[] = [];
  for (let at = 0; at < wire.length;) {
    const length = Number.parseInt(wire.toString("latin1", at, at + 4), 16);
    expect(length).toBeLessThanOrEqual(limit);
    expect(wire[at + 4]).toBe(1);
    parts.push(wire.subarray(at + 5, at + length));
    at += length;
  }
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
});
