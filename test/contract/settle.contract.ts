import { describe, expect, test } from "vitest";
import type { Settlement } from "../../shared/head.ts";
import type { Operation } from "../../shared/operation.ts";
import type { EngineUnderTest, OpenEngine } from "../support/engines.ts";
import {
  aHeadMove,
  aLeasedRecord,
  aPatientId,
  aPack,
  aSettlement,
  aSummary,
  anEffect,
  anOid,
  anOutcome,
  submitted,
} from "../support/an-operation.ts";

const identifier = { system: "urn:example:mrn", value: "12345" };

/** A settlement of everything at once, ready to be accepted. */
const aFullSettlement = async ({ engine }: EngineUnderTest) => {
  const patientId = await aLeasedRecord(engine);
  const operations: readonly Operation[] = [
    await submitted(engine, { patientId }),
    await submitted(engine, { patientId }),
  ];
  const settlement: Settlement = aSettlement(patientId, {
    expected: anOid("first"),
    epoch: 2,
    head: aHeadMove({ commits: 2, packs: { put: { "000001w2-b": aPack({ first: 1 }) }, remove: [] } }),
    outcomes: operations.map((operation) => anOutcome(operation)),
    identifiers: { claim: [identifier], release: [] },
    summary: aSummary(patientId, { commits: 2 }),
    effects: [anEffect(patientId)],
  });
  return { patientId, operations, settlement };
};

/** Everything a settlement could have changed. */
const stateOf = async ({ engine, tamper }: EngineUnderTest, { patientId, outcomes }: Settlement) => ({
  head: await engine.heads.read(patientId),
  lease: await tamper.leaseOwner(patientId),
  operations: await engine.operations.get(outcomes.map(({ operationId }) => operationId)),
  summary: await engine.summaries.get(patientId),
  found: await engine.summaries.find({ limit: 10, identifier }),
  effects: await engine.effects.pending(10),
});

const settleWith = async ({ engine }: EngineUnderTest, patientId: string, over: Partial<Settlement>) => {
  const { epoch, commit } = await engine.heads.acquire(patientId, "writer-1");
  await engine.heads.settle(aSettlement(patientId, { epoch, expected: commit, ...over }));
};

/** What `heads.settle` keeps on every engine: all or nothing, each condition on its own. */
export const settleContract = (openEngine: OpenEngine): void => {
  describe("a settlement", () => {
    test("moves the head, settles the operations, writes summary, identifiers and effects, and ends the lease", async () => {
      await using under = await openEngine();
      const { settlement, operations, patientId } = await aFullSettlement(under);
      await under.engine.heads.settle(settlement);
      const state = await stateOf(under, settlement);
      expect(state.head).toMatchObject({ commit: anOid("commit"), commits: 2, epoch: 2, generation: 0 });
      expect(state.head?.updatedAt).toBe("2026-11-21T09:00:01.000Z");
      expect(Object.keys(state.head?.packs ?? {}).toSorted()).toEqual(["000000w1-a", "000001w2-b"]);
      expect(state.lease).toBeNull();
      const { operationId: _id, ...outcome } = anOutcome(operations[0]!);
      expect(state.operations[0]).toEqual({ ...operations[0], ...outcome, version: 2 });
      expect(state.summary).toEqual(aSummary(patientId, { commits: 2 }));
      expect(state.found.items).toEqual([state.summary]);
      expect(state.effects).toEqual(settlement.effects);
    });

    test("without a commit keeps the head and ends the lease", async () => {
      await using under = await openEngine();
      const { engine, tamper } = under;
      const patientId = await aLeasedRecord(engine);
      const operation = await submitted(engine, { patientId });
      const before = await engine.heads.read(patientId);
      const problem = { type: "t", title: "t", status: 412, detail: "d", code: "precondition-failed", n: 1 } as const;
      const refused = anOutcome(operation, { state: "rejected", commit: null, resource: null, etag: null, problem });
      await engine.heads.settle(
        aSettlement(patientId, { expected: anOid("first"), epoch: 2, head: null, outcomes: [refused] }),
      );
      expect(await engine.heads.read(patientId)).toEqual(before);
      expect(await tamper.leaseOwner(patientId)).toBeNull();
      expect((await engine.operations.get([operation.id]))[0]).toMatchObject({ state: "rejected", problem });
    });

    test("whose answer was lost is fenced when it is repeated", async () => {
      await using under = await openEngine();
      const { settlement } = await aFullSettlement(under);
      await under.engine.heads.settle(settlement);
      const before = await stateOf(under, settlement);
      await expect(under.engine.heads.settle(settlement)).rejects.toMatchObject({ code: "fenced" });
      expect(await stateOf(under, settlement)).toEqual(before);
    });
  });

  describe("a settlement that violates one condition writes nothing:", () => {
    const refusals: readonly {
      readonly when: string;
      readonly violate: (under: EngineUnderTest, settled: Awaited<ReturnType<typeof aFullSettlement>>) => Promise<void>;
      readonly fault: (settled: Awaited<ReturnType<typeof aFullSettlement>>) => object;
    }[] = [
      {
        when: "only the head's commit moved",
        violate: ({ tamper }, { patientId }) => tamper.setHead(patientId, anOid("another")),
        fault: () => ({ code: "fenced" }),
      },
      {
        when: "only the epoch moved",
        violate: ({ tamper }, { patientId }) => tamper.setEpoch(patientId, 3),
        fault: () => ({ code: "fenced" }),
      },
      {
        when: "only an operation's state moved",
        violate: ({ tamper }, { operations }) => tamper.setOperation(operations[1]!.id, { state: "parked" }),
        fault: ({ operations }) => ({ code: "operations-moved", facts: { operationIds: [operations[1]!.id] } }),
      },
      {
        when: "only an operation's attempt moved",
        violate: ({ tamper }, { operations }) => tamper.setOperation(operations[0]!.id, { attempt: 2 }),
        fault: ({ operations }) => ({ code: "operations-moved", facts: { operationIds: [operations[0]!.id] } }),
      },
      {
        when: "only an operation's row is missing",
        violate: ({ tamper }, { operations }) => tamper.removeOperation(operations[0]!.id),
        fault: ({ operations }) => ({ code: "operations-moved", facts: { operationIds: [operations[0]!.id] } }),
      },
      {
        when: "only an identifier belongs to another patient",
        violate: ({ tamper }) => tamper.setIdentifierOwner(identifier, aPatientId()),
        fault: () => ({ code: "identifiers-taken", facts: { identifiers: [identifier] } }),
      },
    ];

    test.for(refusals)("$when", async ({ violate, fault }) => {
      await using under = await openEngine();
      const settled = await aFullSettlement(under);
      await violate(under, settled);
      const before = await stateOf(under, settled.settlement);
      await expect(under.engine.heads.settle(settled.settlement)).rejects.toMatchObject({
        name: "Fault",
        ...fault(settled),
      });
      expect(await stateOf(under, settled.settlement)).toEqual(before);
      expect(before.lease).toBe("writer-2");
    });

    test("for a first commit, only another's is there already", async () => {
      await using under = await openEngine();
      const patientId = aPatientId();
      await under.engine.heads.acquire(patientId, "writer-1");
      await under.tamper.setHead(patientId, anOid("another"));
      await expect(under.engine.heads.settle(aSettlement(patientId))).rejects.toMatchObject({ code: "fenced" });
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-1");
    });

    test("without a commit, only the head's commit moved", async () => {
      await using under = await openEngine();
      const patientId = await aLeasedRecord(under.engine);
      await under.tamper.setHead(patientId, anOid("another"));
      const settlement = aSettlement(patientId, { expected: anOid("first"), epoch: 2, head: null });
      await expect(under.engine.heads.settle(settlement)).rejects.toMatchObject({ code: "fenced" });
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-2");
    });

    test("without a commit, only the epoch moved", async () => {
      await using under = await openEngine();
      const patientId = await aLeasedRecord(under.engine);
      await under.tamper.setEpoch(patientId, 3);
      const settlement = aSettlement(patientId, { expected: anOid("first"), epoch: 2, head: null });
      await expect(under.engine.heads.settle(settlement)).rejects.toMatchObject({ code: "fenced" });
      expect(await under.tamper.leaseOwner(patientId)).toBe("writer-2");
    });
  });

  describe("an identifier", () => {
    test("may be claimed again by its owner", async () => {
      await using under = await openEngine();
      const patientId = aPatientId();
      const claims = { identifiers: { claim: [identifier], release: [] } };
      await settleWith(under, patientId, claims);
      await settleWith(under, patientId, claims);
      expect((await under.engine.heads.read(patientId))?.epoch).toBe(2);
    });

    test("that its owner gives up is free for another", async () => {
      await using under = await openEngine();
      const [one, other] = [aPatientId(), aPatientId()];
      await settleWith(under, one, { identifiers: { claim: [identifier], release: [] } });
      await settleWith(under, one, { identifiers: { claim: [], release: [identifier] } });
      await settleWith(under, other, { identifiers: { claim: [identifier], release: [] } });
      expect((await under.engine.heads.read(other))?.commits).toBe(1);
    });

    test("is not freed by a patient that does not own it", async () => {
      await using under = await openEngine();
      const [one, other] = [aPatientId(), aPatientId()];
      await settleWith(under, one, { identifiers: { claim: [identifier], release: [] } });
      await settleWith(under, other, { identifiers: { claim: [], release: [identifier] } });
      const steal = settleWith(under, aPatientId(), { identifiers: { claim: [identifier], release: [] } });
      await expect(steal).rejects.toMatchObject({ code: "identifiers-taken" });
    });
  });

  describe("a summary", () => {
    test("is never overwritten by that of an older commit", async () => {
      await using under = await openEngine();
      const { heads, summaries } = under.engine;
      const patientId = aPatientId();
      await heads.acquire(patientId, "writer-1");
      await heads.settle(aSettlement(patientId, { summary: aSummary(patientId, { commits: 5 }) }));
      await heads.acquire(patientId, "writer-1");
      const older = aSummary(patientId, { commits: 4, birthDate: "2001-01-01" });
      await heads.settle(aSettlement(patientId, { epoch: 2, expected: anOid("commit"), summary: older }));
      expect(await summaries.get(patientId)).toEqual(aSummary(patientId, { commits: 5 }));
    });
  });
};
