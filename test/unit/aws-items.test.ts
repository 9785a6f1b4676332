import * as fc from "fast-check";
import { expect, test } from "vitest";
import { headOf, type HeadItem, storedPacks, storedReplaced } from "../../functions/adapters/head-item.ts";
import { itemOf, operationOf, timeKey } from "../../functions/adapters/operation-item.ts";
import { segmentId } from "../../shared/git/segment-id.ts";
import { aPack, aPatientId, anOid, anOperation } from "../support/an-operation.ts";

/** As DynamoDB counts it: names and texts in UTF-8, numbers about half their digits and one, 3 bytes for a map. */
const sizeOf = (value: unknown): number => {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return Math.ceil(String(value).length / 2) + 1;
  const entries = Object.entries(value as object);
  return entries.reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + sizeOf(one) + 1, 3);
};

const id = (n: number): string => `00a${String(n).padStart(3, "0")}w10${String(n).padStart(3, "0")}-0a1b2c3d`;

/** Numbers of a writer's and of a compaction's segments; also ids that are not made as ours are. */
const anId = fc.oneof(
  fc
    .record({
      first: fc.nat(36 ** 6 - 1),
      by: fc.constantFrom("writer" as const, "compaction" as const),
      number: fc.nat(),
      random: fc.stringMatching(/^[0-9a-f]{8}$/),
    })
    .map(segmentId),
  fc.stringMatching(/^[0-9a-zA-Z-]{1,30}$/),
);

const aHead = (over: Partial<HeadItem>): HeadItem => ({ id: aPatientId(), s: "a", e: 1, p: {}, ...over });

test("packs and replaced tails read as they were written, whatever their ids and numbers", () => {
  const anEntry = fc.record({
    first: fc.nat(),
    pack: fc.nat(),
    snapshot: fc.nat(),
    footer: fc.nat(),
    sealed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.dictionary(anId, anEntry), fc.array(anId), (packs, replaced) => {
      const head = headOf(aHead({ p: storedPacks(packs), r: storedReplaced(replaced) }));
      expect(head.packs).toEqual({ ...packs });
      expect(head.replaced).toEqual(replaced);
    }),
  );
});

test("tails that were replaced one after the other read as they were written", () => {
  const tails = [5, 6, 7, 9, 10].map((number) =>
    segmentId({ first: 1_000, by: "writer", number, random: `0c1d2e${number}`.padEnd(8, "0") }),
  );
  const stored = storedReplaced(tails);
  expect(headOf(aHead({ r: stored })).replaced).toEqual(tails);
  expect(stored.length).toBeLessThan(tails.join(" ").length * 0.7);
});

test("the head of a record with a long history stays under 2 KB, its lease taken", () => {
  const ids = Array.from({ length: 17 }, (_, n) => id(n));
  const entry = aPack({ first: 48_000, pack: 48_900, snapshot: 5_000, footer: 4_000, sealed: true });
  const item: HeadItem = {
    id: aPatientId(),
    s: "a",
    c: anOid(),
    n: 48_900,
    e: 10_999,
    g: 120,
    p: storedPacks(Object.fromEntries(ids.map((one) => [one, entry]))),
    r: storedReplaced(Array.from({ length: 40 }, (_, n) => id(n))),
    t: timeKey(new Date().toISOString(), aPatientId()),
    lo: aPatientId(),
    lu: Date.now(),
  };
  expect(sizeOf(item)).toBeLessThanOrEqual(2_048);
  expect(headOf(item).replaced).toHaveLength(40);
});

test("an operation reads as it was written, queued or settled", () => {
  const problem = { type: "t", title: "t", status: 412, detail: "d", code: "precondition-failed" } as const;
  const queued = anOperation();
  const rejected = anOperation({ state: "rejected", settledAt: "2026-11-21T09:00:01.000Z", problem, version: 2 });
  for (const operation of [queued, rejected]) expect(operationOf(itemOf(operation))).toEqual(operation);
});
