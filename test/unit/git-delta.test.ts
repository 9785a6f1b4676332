import * as fc from "fast-check";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { Fault } from "../../shared/errors.ts";
import { deflate, inflate, store } from "../../shared/git/deflate.ts";
import { applyDelta, encodeDelta, splice, splicedLength, type Splice } from "../../shared/git/delta.ts";
import { baseOf, decodeEntry, encodeDeltaEntry, encodeEntry } from "../../shared/git/pack.ts";

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return "applied";
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
};

const someBytes = fc.uint8Array({ maxLength: 600 });

/** Splices in order that do not overlap, from points of a base. */
const splicesOf = (base: Uint8Array, cuts: readonly number[], inserts: readonly Uint8Array[]): Splice[] => {
  const points = cuts.map((cut) => cut % (base.length + 1)).toSorted((a, b) => a - b);
  const found: Splice[] = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    found.push({ from: points[i]!, to: points[i + 1]!, bytes: inserts[i / 2] ?? new Uint8Array() });
  }
  return found;
};

test("a delta of several runs makes of its base what the splices make of it", () => {
  fc.assert(
    fc.property(
      someBytes,
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.array(someBytes, { maxLength: 4 }),
      (base, cuts, inserts) => {
        const splices = splicesOf(base, cuts, inserts);
        const wanted = new Uint8Array(splicedLength(base.length, splices));
        splice(base, splices, wanted);
        expect(Buffer.compare(applyDelta(base, encodeDelta(base.length, splices)), wanted)).toBe(0);
      },
    ),
  );
});

test("offsets and sizes of every width survive", () => {
  const base = new Uint8Array(0x1200000).map((_, i) => i % 251);
  for (const from of [0, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x1000001]) {
    const splices = [{ from, to: from + 1, bytes: Uint8Array.of(255) }];
    const wanted = base.slice();
    wanted[from] = 255;
    expect(Buffer.compare(applyDelta(base, encodeDelta(base.length, splices)), wanted)).toBe(0);
  }
});

test("a malformed delta is named as damage, whatever its bytes", () => {
  const base = Buffer.from("0123456789");
  const damaged = [
    [],
    [10],
    [9, 1, 1, 65],
    [10, 1],
    [10, 1, 0],
    [10, 2, 2, 65],
    [10, 1, 2, 65, 66],
    [10, 5, 0x90, 11],
    [10, 5, 0x91, 8, 5],
  ];
  for (const bytes of damaged) expect(() => applyDelta(base, Uint8Array.from(bytes))).toThrow("malformed");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const outcome = codeOf(() => applyDelta(base, Uint8Array.from([10, ...bytes]), 1 << 20));
      expect(["applied", "damaged"]).toContain(outcome);
    }),
  );
});

test("a zlib stream comes back, stored or deflated, and zlib itself reads it", () => {
  for (const length of [0, 1, 319, 320, 5000, 8193, 65_535, 65_536, 70_000]) {
    const bytes = new Uint8Array(length).map((_, i) => ((i * 31) % 256) | 0x80);
    for (const stream of [store(bytes), deflate(bytes), deflateSync(bytes)]) {
      expect(Buffer.compare(inflate(stream), bytes)).toBe(0);
    }
    expect(() => inflate(store(bytes).subarray(0, -1))).toThrow("does not inflate");
    const wrong = store(bytes);
    wrong[wrong.length - 1]! ^= 1;
    expect(() => inflate(wrong)).toThrow("does not inflate");
  }
});

test("what inflates to more than it may is damage", () => {
  expect(() => inflate(deflateSync(Buffer.alloc(100_000)), 1000)).toThrow("does not inflate");
});

test("pack entries of every size come back, whole and as deltas", () => {
  const base = "ab".repeat(20);
  for (const length of [0, 1, 15, 16, 2047, 2048, 300_000]) {
    const body = new Uint8Array(length).fill(65);
    for (const type of ["commit", "tree", "blob"] as const) {
      const { content, ...rest } = decodeEntry(encodeEntry({ type, body }));
      expect(rest).toEqual({ type, base: undefined });
      expect(Buffer.compare(content, body)).toBe(0);
    }
    const delta = encodeDeltaEntry(base, body);
    expect(baseOf(delta)).toBe(base);
    expect(decodeEntry(delta)).toMatchObject({ type: undefined, base });
  }
  for (const bad of [[], [0], [0x60, 0], [0x80], [0x7f, 1], Array.from({ length: 40 }, () => 0xff)]) {
    expect(codeOf(() => decodeEntry(Uint8Array.from(bad)))).toBe("damaged");
  }
});
