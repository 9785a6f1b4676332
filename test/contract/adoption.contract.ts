import { describe, expect, test } from "vitest";
import type { AdoptedHead, Adoption } from "../../shared/adoption.ts";
import type { Head } from "../../shared/head.ts";
import {
  aCompaction,
  aHeadMove,
  anOid,
  anOperation,
  aPack,
  aPatientId,
  aSettlement,
  aSummary,
  submitted,
} from "../support/an-operation.ts";
import type { EngineUnderTest } from "../support/engines.ts";

export type OpenAdopting = () => Promise<EngineUnderTest & { readonly adoption: Adoption }>;

const aHead = (over: Partial<Head> = {}): Head => {
  const { commit, commits, packs, replaced, updatedAt } = aHeadMove();
  const counters = { epoch: 7, generation: 2 };
  return { patientId: aPatientId(), commit, commits, packs: packs.put, replaced, updatedAt, ...counters, ...over };
};

const adopted = (head: Head, over: Partial<AdoptedHead> = {}): AdoptedHead => ({
  head,
  standing: undefined,
  identifiers: { claim: [], release: [] },
  summary: aSummary(head.patientId, { commit: head.commit ?? anOid() }),
  ...over,
});

const identifier = { system: "urn:example:mrn", value: "1" };

const rejected = anOperation({ state: "rejected", version: 2, settledAt: "2026-11-21T09:00:02.000Z" });

/** What holds of taking in another engine's records, on every engine. */
export const adoptionContract = (open: OpenAdopting): void => {
  describe("an adopted head", () => {
    test("stands as it was, with its summary and identifiers, and the next writer gets a later epoch", async () => {
      await using under = await open();
      const head = aHead({ replaced: ["000000w3-b"] });
      const summary = aSummary(head.patientId, { identifiers: [identifier] });
      await under.adoption.putHead(adopted(head, { summary, identifiers: { claim: [identifier], release: [] } }));
      expect(await under.engine.heads.read(head.patientId)).toEqual(head);
      expect(await under.engine.summaries.get(head.patientId)).toEqual(summary);
      const found = await under.engine.summaries.find({ identifier, limit: 1 });
      expect(found.items.map(({ patientId }) => patientId)).toEqual([head.patientId]);
      expect((await under.engine.heads.acquire(head.patientId, "writer-1")).epoch).toBe(8);
    });

    test("replaces what stands, packs and identifiers too, and fences the writer that had the lease", async () => {
      await using under = await open();
      const { adoption, engine } = under;
      const first = aHead();
      const claimed = { claim: [identifier], release: [] };
      await adoption.putHead(adopted(first, { identifiers: claimed }));
      const leased = await engine.heads.acquire(first.patientId, "writer-1");
      const next = aHead({ patientId: first.patientId, epoch: 9, packs: { "000001w8-c": aPack() } });
      const freed = { claim: [], release: [identifier] };
      await adoption.putHead(adopted(next, { standing: leased, identifiers: freed }));
      expect(await engine.heads.read(first.patientId)).toEqual(next);
      const late = aSettlement(first.patientId, { expected: next.commit, epoch: leased.epoch });
      await expect(engine.heads.settle(late)).rejects.toMatchObject({ code: "fenced" });
      const other = aHead();
      await adoption.putHead(adopted(other, { identifiers: claimed }));
      expect((await engine.heads.read(other.patientId))?.commit).toBe(other.commit);
    });

    test("may have no commit", async () => {
      await using under = await open();
      const head = aHead({ commit: null, commits: 0, packs: {}, updatedAt: null, generation: 0 });
      await under.adoption.putHead(adopted(head, { summary: null }));
      expect(await under.engine.heads.read(head.patientId)).toEqual(head);
    });

    test.for([
      ["there is a head already", 2, { standing: undefined }],
      ["the epoch has moved, after a compaction", 2, { standing: { epoch: 6, generation: 2 } }],
      ["the epoch has moved, before any compaction", 0, { standing: { epoch: 6, generation: 0 } }],
      ["the generation has moved", 2, { standing: { epoch: 7, generation: 1 } }],
      ["a first compaction has come", 1, { standing: { epoch: 7, generation: 0 } }],
    ] as const)("is refused as fenced when %s, and nothing is written", async ([, generation, over]) => {
      await using under = await open();
      const head = aHead({ generation });
      await under.adoption.putHead(adopted(head));
      const next = aHead({ patientId: head.patientId, epoch: 8, generation: 3 });
      const summary = aSummary(head.patientId, { birthDate: "2001-01-01" });
      await expect(under.adoption.putHead(adopted(next, { ...over, summary }))).rejects.toMatchObject({
        code: "fenced",
      });
      expect(await under.engine.heads.read(head.patientId)).toEqual(head);
      expect((await under.engine.summaries.get(head.patientId))?.birthDate).toBe("1990-04-02");
    });

    test("is refused when an identifier is another patient's, and nothing is written", async () => {
      await using under = await open();
      await under.tamper.setIdentifierOwner(identifier, aPatientId());
      const head = aHead();
      const put = under.adoption.putHead(adopted(head, { identifiers: { claim: [identifier], release: [] } }));
      await expect(put).rejects.toMatchObject({ code: "identifiers-taken", facts: { identifiers: [identifier] } });
      expect(await under.engine.heads.read(head.patientId)).toBeUndefined();
    });

    test("fences a compaction that began before it", async () => {
      await using under = await open();
      const head = aHead({ generation: 0, packs: { "000000w1-a": aPack({ sealed: true }) } });
      await under.adoption.putHead(adopted(head));
      const next = { ...head, epoch: 8, generation: 1, packs: { "000000c1-b": aPack({ sealed: true }) } };
      await under.adoption.putHead(adopted(next, { standing: head }));
      const late = aCompaction(head.patientId, { packs: { put: {}, remove: ["000000w1-a"] } });
      await expect(under.engine.heads.compact(late)).rejects.toMatchObject({ code: "fenced" });
    });
  });

  describe("an adopted operation", () => {
    test("stands as it was, a parked one with its payload", async () => {
      await using under = await open();
      const { adoption, engine } = under;
      const parked = anOperation({ state: "parked", version: 2, tries: 3 });
      for (const size of [20, 200_000]) {
        const one = { ...parked, id: crypto.randomUUID() };
        const payload = Buffer.alloc(size, "payload ");
        await adoption.putOperation({ operation: one, payload, standing: undefined });
        expect(await engine.operations.get([one.id])).toEqual([one]);
        const [kept] = await engine.payloads.get([{ operationId: one.id, requestHash: one.requestHash }]);
        expect(Buffer.from(kept!)).toEqual(payload);
        expect((await engine.operations.redrive(one.id)).attempt).toBe(2);
      }
      await adoption.putOperation({ operation: rejected, payload: undefined, standing: undefined });
      expect(await engine.operations.get([rejected.id])).toEqual([rejected]);
    });

    test("takes the place of the row that was read", async () => {
      await using under = await open();
      const standing = await submitted(under.engine);
      const operation = { ...rejected, id: standing.id, patientId: standing.patientId };
      await under.adoption.putOperation({ operation, payload: undefined, standing });
      expect(await under.engine.operations.get([standing.id])).toEqual([operation]);
    });

    test.for([
      ["there is a row already", () => undefined],
      ["its state has moved", { state: "parked" }],
      ["its attempt has moved", { attempt: 2 }],
      ["its version has moved", { version: 3 }],
    ] as const)("is refused when %s, and the row stays", async ([, over]) => {
      await using under = await open();
      const row = await submitted(under.engine);
      const standing = typeof over === "function" ? over() : { ...row, ...over };
      const operation = { ...rejected, id: row.id };
      const put = under.adoption.putOperation({ operation, payload: undefined, standing });
      await expect(put).rejects.toMatchObject({ code: "operations-moved", facts: { operationIds: [row.id] } });
      expect(await under.engine.operations.get([row.id])).toEqual([row]);
    });
  });

  test("an adopted segment is what it was", async () => {
    await using under = await open();
    const patientId = aPatientId();
    const bytes = Buffer.from(Array.from({ length: 150_000 }, (_, n) => n % 251));
    await under.adoption.putSegment(patientId, "000000w1-a", bytes);
    expect(Buffer.from(await under.engine.segments.get(patientId, "000000w1-a"))).toEqual(bytes);
  });
};
