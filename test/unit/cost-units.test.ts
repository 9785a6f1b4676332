import { assert, boolean, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { addUnits, itemSize, readUnits, storedBytes, writeUnits, type Item } from "../support/dynamo-units.ts";

const aRow = (over: Item = {}): Item => ({
  id: "1",
  p: "patient",
  t: "time",
  b: "me",
  o: "queued#1",
  st: "queued",
  ...over,
});

const table = {
  partitionKey: "id",
  indexes: [
    { name: "byPatient", partitionKey: "p", sortKey: "t", include: ["st"] },
    { name: "bySubmitter", partitionKey: "b", sortKey: "t", include: [] },
    { name: "byState", partitionKey: "o", sortKey: "t", include: [] },
  ],
};

const written = (before: Item | undefined, after: Item | undefined, transactional = false) =>
  writeUnits({ name: "operations", table, before, after, transactional });

describe("the size of an item", () => {
  test("is that of its names and values, texts in UTF-8", () => {
    expect(itemSize({ name: "Zoë" })).toBe(8);
  });

  test.for([
    [0, 1],
    [7, 2],
    [10, 2],
    [123, 3],
    [1_234, 3],
    [-12, 3],
    [1_700_000_000_000, 2],
    [1_700_000_000_001, 8],
  ] as const)("counts a byte for two significant digits and one more: %i is %i", ([value, bytes]) => {
    expect(itemSize({ n: value })).toBe(1 + bytes);
  });

  test("has three bytes for a map and one for each of its elements", () => {
    expect(itemSize({ m: { a: "xx", b: "y" } })).toBe(1 + 3 + (1 + 2 + 1) + (1 + 1 + 1));
  });

  test("takes bytes as they are", () => {
    expect(itemSize({ z: new Uint8Array(100) })).toBe(101);
  });
});

describe("a write costs", () => {
  test("a unit for each KB of the larger of both items, and never none", () => {
    const large = aRow({ text: "x".repeat(1_500) });
    expect(written(large, aRow({ text: "" }))).toMatchObject({ operations: 2 });
    expect(written(undefined, undefined)).toEqual({ operations: 1 });
  });

  test("an entry of each index that the item has the keys of", () => {
    expect(written(undefined, aRow())).toEqual({
      operations: 1,
      "operations/byPatient": 1,
      "operations/bySubmitter": 1,
      "operations/byState": 1,
    });
    expect(written(undefined, { id: "1", p: "patient", t: "time" })).toEqual({
      operations: 1,
      "operations/byPatient": 1,
    });
  });

  test("nothing on an index that shows none of what changed", () => {
    expect(written(aRow(), aRow({ h: "other" }))).toEqual({ operations: 1 });
  });

  test("a deletion and a put where a key of an index changed, a put where only what it shows did", () => {
    const settled = aRow({ st: "committed", o: "committed#1" });
    expect(written(aRow(), settled)).toEqual({ operations: 1, "operations/byPatient": 1, "operations/byState": 2 });
  });

  test("twice as much on the table in a transaction, and the same on the indexes", () => {
    assert(
      property(integer({ min: 0, max: 5_000 }), boolean(), (length, isNew) => {
        const [before, after] = [isNew ? undefined : aRow(), aRow({ o: "x", text: "x".repeat(length) })];
        const { operations: once = 0, ...indexes } = written(before, after);
        expect(written(before, after, true)).toEqual({ operations: once * 2, ...indexes });
      }),
    );
  });
});

test.for([
  [0, true, 1],
  [0, false, 0.5],
  [4_096, true, 1],
  [4_097, true, 2],
  [30_000, false, 4],
] as const)("a read of %i bytes, consistent %s, costs %d", ([bytes, consistent, units]) => {
  expect(readUnits(bytes, consistent)).toBe(units);
});

test("storage counts 100 bytes more for an item and for each entry of an index", () => {
  const item = { id: "1", p: "patient", t: "time" };
  expect(storedBytes(table, item)).toBe(itemSize(item) * 2 + 200);
});

test("units are added by name", () => {
  expect(addUnits([{ a: 1 }, { a: 2, b: 3 }])).toEqual({ a: 3, b: 3 });
});
