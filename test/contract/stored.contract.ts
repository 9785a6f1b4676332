import { describe, expect, test } from "vitest";
import type { Summary } from "../../shared/head.ts";
import type { SummaryQuery } from "../../shared/ports.ts";
import type { EngineUnderTest, OpenEngine } from "../support/engines.ts";
import { aHeadMove, aPatientId, aSettlement, aSummary, anEffect, anOid } from "../support/an-operation.ts";

const time = (second: number): string => new Date(Date.UTC(2026, 10, 21, 9, 0, second)).toISOString();

const settled = async ({ engine }: EngineUnderTest, over: Partial<Summary> = {}): Promise<Summary> => {
  const summary = aSummary(aPatientId(), over);
  const { patientId, identifiers } = summary;
  await engine.heads.acquire(patientId, "writer-1");
  const claims = { claim: identifiers, release: [] };
  const head = aHeadMove({ updatedAt: summary.updatedAt });
  await engine.heads.settle(aSettlement(patientId, { head, summary, identifiers: claims }));
  return summary;
};

const inOrder = (summaries: readonly Summary[]): string[] =>
  summaries
    .toSorted((a, b) => (a.updatedAt + a.patientId < b.updatedAt + b.patientId ? -1 : 1))
    .map(({ patientId }) => patientId);

/** What every engine's `Segments` keeps. */
export const segmentsContract = (openEngine: OpenEngine): void => {
  describe("segments", () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, n) => (n * 7) % 256);

    test("are read whole and by ranges, at once and after they are settled", async () => {
      await using under = await openEngine();
      const { segments, heads } = under.engine;
      const patientId = aPatientId();
      await segments.put(patientId, "000000w1-a", bytes);
      const check = async (): Promise<void> => {
        expect(Buffer.compare(await segments.get(patientId, "000000w1-a"), bytes)).toBe(0);
        for (const [from, to] of [
          [0, 10],
          [65_530, 65_546],
          [65_535, 65_536],
          [0, 65_537],
          [65_536, 131_072],
          [10, 199_999],
          [131_072, 200_000],
        ] as const) {
          const range = await segments.get(patientId, "000000w1-a", { from, to });
          expect(Buffer.compare(range, bytes.subarray(from, to))).toBe(0);
        }
      };
      await check();
      const { epoch } = await heads.acquire(patientId, "writer-1");
      await heads.settle(aSettlement(patientId, { epoch }));
      await check();
    });

    test("that do not exist are a fault of their own", async () => {
      await using under = await openEngine();
      const { segments } = under.engine;
      const fault = { name: "Fault", code: "segment-missing", facts: { segmentId: "000000w1-a" } };
      await expect(segments.get(aPatientId(), "000000w1-a")).rejects.toMatchObject(fault);
      await expect(segments.get(aPatientId(), "000000w1-a", { from: 0, to: 1 })).rejects.toMatchObject(fault);
    });

    test("belong to one patient", async () => {
      await using under = await openEngine();
      const { segments } = under.engine;
      const [one, other] = [aPatientId(), aPatientId()];
      await segments.put(one, "000000w1-a", bytes);
      await expect(segments.get(other, "000000w1-a")).rejects.toMatchObject({ code: "segment-missing" });
      expect(await segments.list(other)).toEqual([]);
    });

    test("are listed with their sizes, and gone when deleted", async () => {
      await using under = await openEngine();
      const { segments } = under.engine;
      const patientId = aPatientId();
      for (const id of ["000002w1-c", "000000w1-a", "000001w1-b"]) await segments.put(patientId, id, bytes);
      const listing = await segments.list(patientId);
      expect(listing.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        ["000000w1-a", "000001w1-b", "000002w1-c"].map((id) => ({ id, bytes: bytes.length })),
      );
      await segments.delete(patientId, ["000000w1-a", "000002w1-c", "000009w1-z"]);
      expect(await segments.list(patientId)).toEqual([{ id: "000001w1-b", bytes: bytes.length }]);
      await expect(segments.get(patientId, "000000w1-a")).rejects.toMatchObject({ code: "segment-missing" });
    });
  });
};

/** What every engine's `Summaries` keeps. */
export const summariesContract = (openEngine: OpenEngine): void => {
  describe("summaries", () => {
    test("are found by update time, then patient id, page by page", async () => {
      await using under = await openEngine();
      const all: Summary[] = [];
      for (const second of [3, 1, 2, 2, 2, 5]) all.push(await settled(under, { updatedAt: time(second) }));
      const found: string[] = [];
      let page = await under.engine.summaries.find({ limit: 2 });
      found.push(...page.items.map(({ patientId }) => patientId));
      while (page.next !== undefined) {
        page = await under.engine.summaries.find({ limit: 2, after: page.next });
        found.push(...page.items.map(({ patientId }) => patientId));
      }
      expect(found).toEqual(inOrder(all));
    });

    test("are found by each filter, and by all together", async () => {
      await using under = await openEngine();
      const identifier = { system: "urn:example:mrn", value: "7" };
      const all = [
        await settled(under, { normalisedFamily: "muller", birthDate: "1980-01-01", updatedAt: time(1) }),
        await settled(under, { normalisedFamily: "mull", updatedAt: time(2), identifiers: [identifier] }),
        await settled(under, { normalisedFamily: "mulm", updatedAt: time(3) }),
        await settled(under, { normalisedFamily: "mu%", birthDate: "1980-01-01", updatedAt: time(4) }),
        await settled(under, { normalisedFamily: "mull\u{1F600}", updatedAt: time(5) }),
      ] as const;
      const find = async (query: Partial<SummaryQuery>): Promise<number[]> => {
        const { items } = await under.engine.summaries.find({ limit: 100, ...query });
        return items.map(({ patientId }) => all.findIndex((summary) => summary.patientId === patientId));
      };
      expect(await find({})).toEqual([0, 1, 2, 3, 4]);
      expect(await find({ normalisedFamilyPrefix: "mull" })).toEqual([0, 1, 4]);
      expect(await find({ normalisedFamilyPrefix: "mu%" })).toEqual([3]);
      expect(await find({ birthDate: "1980-01-01" })).toEqual([0, 3]);
      expect(await find({ identifier })).toEqual([1]);
      expect(await find({ identifier: { ...identifier, value: "8" } })).toEqual([]);
      expect(await find({ updatedSince: time(3) })).toEqual([2, 3, 4]);
      expect(await find({ patientIds: [all[0].patientId, all[4].patientId] })).toEqual([0, 4]);
      expect(await find({ patientIds: [] })).toEqual([]);
      const both = { normalisedFamilyPrefix: "m", birthDate: "1980-01-01", updatedSince: time(2) };
      expect(await find({ ...both, patientIds: all.map(({ patientId }) => patientId) })).toEqual([3]);
    });

    test("move with the head when nothing else of them changes, and no further", async () => {
      await using under = await openEngine();
      const { heads, summaries } = under.engine;
      const [one, other] = [await settled(under, { updatedAt: time(1) }), await settled(under, { updatedAt: time(2) })];
      const { patientId } = one;
      const { epoch } = await heads.acquire(patientId, "writer-1");
      const moved = { commit: anOid("second"), commits: 2, updatedAt: time(3) };
      const after = { ...one, ...moved };
      const over = { epoch, expected: anOid("commit"), head: aHeadMove(moved), summary: after, summaryChanged: false };
      await heads.settle(aSettlement(patientId, over));
      expect(await summaries.get(patientId)).toEqual(after);
      expect((await summaries.find({ limit: 10 })).items).toEqual([other, after]);
      expect((await summaries.find({ limit: 10, updatedSince: time(3) })).items).toEqual([after]);
      const found = await summaries.find({ limit: 10, normalisedFamilyPrefix: "doe", patientIds: [patientId] });
      expect(found.items).toEqual([after]);
    });

    test("of one patient is read by its id", async () => {
      await using under = await openEngine();
      const summary = await settled(under);
      expect(await under.engine.summaries.get(summary.patientId)).toEqual(summary);
      expect(await under.engine.summaries.get(aPatientId())).toBeUndefined();
    });
  });
};

/** What every engine's `Effects` keeps. */
export const effectsContract = (openEngine: OpenEngine): void => {
  describe("effects", () => {
    test("are pending, oldest first, until they are done", async () => {
      await using under = await openEngine();
      const { heads, effects } = under.engine;
      const patientId = aPatientId();
      const all = Array.from({ length: 4 }, () => anEffect(patientId));
      for (const [n, effect] of all.entries()) {
        await heads.acquire(patientId, "writer-1");
        const expected = n === 0 ? null : anOid("commit");
        await heads.settle(aSettlement(patientId, { epoch: n + 1, expected, effects: [effect] }));
      }
      expect(await effects.pending(3)).toEqual(all.slice(0, 3));
      await effects.done([all[0]!.id, all[2]!.id, "unknown#log"]);
      expect(await effects.pending(3)).toEqual([all[1], all[3]]);
    });
  });
};
