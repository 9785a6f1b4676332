import { describe, expect, test } from "vitest";
import type { OpenEngine } from "../support/engines.ts";
import { aHeadMove, aLeasedRecord, aPack, aPatientId, aSettlement, anEffect, anOid } from "../support/an-operation.ts";

/** What every engine's `Heads` keeps, apart from settle and compact. */
export const headsContract = (openEngine: OpenEngine): void => {
  describe("a head", () => {
    test("does not exist before a writer touches the patient", async () => {
      await using under = await openEngine();
      expect(await under.engine.heads.read(aPatientId())).toBeUndefined();
    });

    test("is empty, with epoch 1, when the first writer acquires it", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      const head = await heads.acquire(patientId, "writer-1");
      expect(head).toEqual({
        patientId,
        commit: null,
        commits: 0,
        epoch: 1,
        generation: 0,
        packs: {},
        replaced: [],
        updatedAt: null,
      });
      expect(await heads.read(patientId)).toEqual(head);
    });

    test("is listed once, page by page, in order of id", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const ids = Array.from({ length: 5 }, aPatientId);
      for (const id of ids) await heads.acquire(id, "writer-1");
      const first = await heads.list({ limit: 3 });
      const second = await heads.list({ limit: 3, after: first.next! });
      expect([...first.items, ...second.items]).toEqual(ids.toSorted());
      expect(second.next).toBeUndefined();
    });
  });

  describe("a lease", () => {
    test("keeps another writer out", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await expect(heads.acquire(patientId, "writer-2")).rejects.toMatchObject({ name: "Fault", code: "lease-busy" });
      expect((await heads.read(patientId))?.epoch).toBe(1);
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-1");
    });

    test("that is free goes to the next writer with a higher epoch", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await heads.release(patientId, "writer-1");
      expect((await heads.acquire(patientId, "writer-2")).epoch).toBe(2);
    });

    test("that has run out goes to the next writer with a higher epoch", async () => {
      await using under = await openEngine({ leaseMs: 300 });
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await under.passTime(under.leaseMs + 1);
      expect((await heads.acquire(patientId, "writer-2")).epoch).toBe(2);
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-2");
    });

    test("that ends implausibly late was written by a wrong clock and is taken", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await under.tamper.setLease(patientId, "writer-1", under.leaseMs * 100);
      expect((await heads.acquire(patientId, "writer-2")).epoch).toBe(2);
    });

    test("of a clock that is a little ahead is respected", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await under.tamper.setLease(patientId, "writer-1", under.leaseMs * 1.9);
      await expect(heads.acquire(patientId, "writer-2")).rejects.toMatchObject({ code: "lease-busy" });
    });

    test("is not given back by a writer that lost it", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await heads.release(patientId, "writer-0");
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-1");
    });

    test("goes to exactly one of many writers that ask at once", async () => {
      await using under = await openEngine();
      const patientId = aPatientId();
      const asked = Array.from({ length: 20 }, (_, n) => under.engine.heads.acquire(patientId, `writer-${n}`));
      const answers = await Promise.allSettled(asked);
      expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });

  describe("compaction", () => {
    const sealed = { "000000w1-a": aPack({ sealed: true }), "000001w1-b": aPack({ first: 1, sealed: true }) };
    const merged = { "000000c1-m": aPack({ pack: 1_800, sealed: true }) };
    const aCompactableRecord = (under: Awaited<ReturnType<OpenEngine>>) =>
      aLeasedRecord(under.engine, { packs: { put: { ...sealed, "000002w1-c": aPack({ first: 2 }) }, remove: [] } });
    const change = { put: merged, remove: Object.keys(sealed) };

    test("replaces sealed packs, raises the generation and leaves the rest of the head", async () => {
      await using under = await openEngine();
      const { heads, effects } = under.engine;
      const patientId = await aCompactableRecord(under);
      const before = await heads.read(patientId);
      const effect = anEffect(patientId, { kind: "delete-segments" });
      await heads.compact({ patientId, generation: 0, packs: change, effects: [effect] });
      const packs = { ...merged, "000002w1-c": aPack({ first: 2 }) };
      expect(await heads.read(patientId)).toEqual({ ...before, generation: 1, packs });
      expect(await effects.pending(10)).toEqual([effect]);
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-2");
    });

    test.for([0, 1])("is fenced when only the generation moved, from %i", async (generation) => {
      await using under = await openEngine();
      const { heads, effects } = under.engine;
      const patientId = await aCompactableRecord(under);
      await under.tamper.setGeneration(patientId, generation + 1);
      const before = await heads.read(patientId);
      const compaction = { patientId, generation, packs: change, effects: [anEffect(patientId)] };
      await expect(heads.compact(compaction)).rejects.toMatchObject({ name: "Fault", code: "fenced" });
      expect(await heads.read(patientId)).toEqual(before);
      expect(await effects.pending(10)).toEqual([]);
    });

    test("is fenced when there is no record", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = aPatientId();
      const nothing = { patientId, generation: 0, packs: { put: {}, remove: [] }, effects: [] };
      await expect(heads.compact(nothing)).rejects.toMatchObject({ name: "Fault", code: "fenced" });
      expect(await heads.read(patientId)).toBeUndefined();
    });

    test("is fenced when only a pack it merges is gone", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = await aCompactableRecord(under);
      const packs = { put: merged, remove: [...change.remove, "000009w1-z"] };
      await expect(heads.compact({ patientId, generation: 0, packs, effects: [] })).rejects.toMatchObject({
        code: "fenced",
      });
      expect((await heads.read(patientId))?.generation).toBe(0);
    });

    test("is fenced when only a pack it merges is not sealed", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = await aCompactableRecord(under);
      const packs = { put: merged, remove: [...change.remove, "000002w1-c"] };
      await expect(heads.compact({ patientId, generation: 0, packs, effects: [] })).rejects.toMatchObject({
        code: "fenced",
      });
      expect((await heads.read(patientId))?.generation).toBe(0);
    });

    test("and a settle of the same epoch keep each other's packs", async () => {
      await using under = await openEngine();
      const { heads } = under.engine;
      const patientId = await aCompactableRecord(under);
      await heads.compact({ patientId, generation: 0, packs: change, effects: [] });
      const put = { "000002w2-d": aPack({ first: 2, pack: 1_000 }) };
      const head = aHeadMove({ commits: 2, packs: { put, remove: ["000002w1-c"] }, replaced: ["000002w1-c"] });
      await heads.settle(aSettlement(patientId, { expected: anOid("first"), epoch: 2, head }));
      const after = await heads.read(patientId);
      expect(after?.packs).toEqual({ ...merged, ...put });
      expect(after).toMatchObject({ generation: 1, commits: 2, replaced: ["000002w1-c"] });
    });
  });
};
