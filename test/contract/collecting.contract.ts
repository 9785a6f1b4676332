import { hash, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { collectAll } from "../../functions/collect.ts";
import { collectorsPlace } from "../../functions/collect-round.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { segmentId } from "../../shared/git/segment-id.ts";
import { Fault } from "../../shared/errors.ts";
import type { Engine, Segments } from "../../shared/ports.ts";
import type { OpenEngine } from "../support/engines.ts";
import { commitTo, dependenciesOn } from "../support/sqlite-record.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** When commitTo commits, by its own word. */
const committedAt = Date.parse("2026-11-21T09:00:01.000Z");

/** A patient whose turn, when nothing happens, comes in the thirtieth round. */
const aPatientAtRest = (beginning = ""): string => {
  for (;;) {
    const id = `${beginning}${randomUUID().slice(beginning.length)}`;
    if (Number.parseInt(hash("sha1", id).slice(0, 8), 16) % 30 === 29) return id;
  }
};

/** An engine whose collector has a clock that moves only when told, and tells whom it visits. */
const aCollector = async (open: OpenEngine) => {
  const under = await open();
  const clock = { now: committedAt + day, perVisit: 0 };
  const visits: string[] = [];
  const broken = new Set<string>();
  const watched: Segments = {
    ...under.engine.segments,
    list: async (id) => {
      if (id !== collectorsPlace) {
        visits.push(id);
        clock.now += clock.perVisit;
      }
      if (broken.has(id)) throw new Fault("transient", "the store is down", {});
      return under.engine.segments.list(id);
    },
  };
  const engine: Engine = { ...under.engine, segments: watched };
  const deps: Dependencies = { ...dependenciesOn(engine).deps, now: () => clock.now };
  return {
    ...under,
    deps,
    clock,
    visits,
    broken,
    /** A round a day later than the one before; whom it visited. */
    round: async (): Promise<readonly string[]> => {
      clock.now += day;
      visits.length = 0;
      await collectAll(deps);
      return [...visits];
    },
    segmentsOf: async (id: string) => (await under.engine.segments.list(id)).map(({ id: name }) => name),
  };
};

type Collector = Awaited<ReturnType<typeof aCollector>>;

/** What a writer leaves that was killed after its put. */
const aDeadWriter = async ({ engine, tamper }: Collector, patientId: string): Promise<string> => {
  const owner = randomUUID();
  const { epoch, commits } = await engine.heads.acquire(patientId, owner);
  const id = segmentId({ first: commits, by: "writer", number: epoch, random: "dead" });
  await engine.segments.put(patientId, id, Buffer.from("a segment"));
  await tamper.setLease(patientId, owner, -1);
  return id;
};

const aRecord = async ({ engine }: Collector): Promise<string> => {
  const patientId = aPatientAtRest();
  await commitTo(engine, patientId, { "notes/a.md": "a" });
  return patientId;
};

/** Rounds of the collector, on any engine. */
export const collectingContract = (open: OpenEngine): void => {
  describe("whom a round visits", () => {
    test("everybody, the first time; then who has no commit, and who changed since the round before", async () => {
      await using collector = await aCollector(open);
      const { engine, clock } = collector;
      const refused = aPatientAtRest();
      await engine.heads.acquire(refused, "w");
      await engine.heads.release(refused, "w");
      clock.now = committedAt - 3 * day;
      expect(await collector.round()).toEqual([refused]);
      const changed = await aRecord(collector);
      clock.now = committedAt - day;
      expect((await collector.round()).toSorted()).toEqual([changed, refused].toSorted());
      // Once more: it may have changed while that round began.
      expect((await collector.round()).toSorted()).toEqual([changed, refused].toSorted());
      expect(await collector.round()).toEqual([refused]);
    });

    test("a patient whose writer's clock was half an hour behind the collector's", async () => {
      await using collector = await aCollector(open);
      const patientId = await aRecord(collector);
      collector.clock.now = committedAt + hour / 2 - day;
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.round()).toEqual([]);
    });

    test("everybody, when the clock of the round before was wrong", async () => {
      await using collector = await aCollector(open);
      const patientId = await aRecord(collector);
      await collector.round();
      expect(await collector.round()).toEqual([]);
      collector.clock.now -= 3 * day;
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.round()).toEqual([]);
    });

    test("a patient who does not change once in thirty rounds", async () => {
      await using collector = await aCollector(open);
      const atRest = await aRecord(collector);
      const visited: number[] = [];
      for (let n = 0; n < 31; n += 1) if ((await collector.round()).includes(atRest)) visited.push(n);
      expect(visited).toEqual([0, 29]);
    });

    test("a patient in whom the round before saw garbage, until it is gone, though nothing changed", async () => {
      await using collector = await aCollector(open);
      const patientId = await aRecord(collector);
      const garbage = await aDeadWriter(collector, patientId);
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.segmentsOf(patientId)).toContain(garbage);
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.segmentsOf(patientId)).not.toContain(garbage);
      expect(await collector.round()).toEqual([]);
    });

    test("a patient whose writer held the lease", async () => {
      await using collector = await aCollector(open);
      const patientId = await aRecord(collector);
      const { epoch } = await collector.engine.heads.acquire(patientId, "at work");
      const id = segmentId({ first: 1, by: "writer", number: epoch, random: "new" });
      await collector.engine.segments.put(patientId, id, Buffer.from("a segment"));
      await collector.round();
      await collector.tamper.setLease(patientId, "at work", -1);
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.round()).toEqual([patientId]);
      expect(await collector.segmentsOf(patientId)).not.toContain(id);
    });
  });

  describe("a round that does not come to its end", () => {
    test("goes on where it ran out of time, until each patient was visited once", async () => {
      await using collector = await aCollector(open);
      const { deps, engine, visits, clock } = collector;
      const patients = Array.from({ length: 230 }, () => aPatientAtRest());
      for (const id of patients) await engine.heads.acquire(id, "w");
      clock.perVisit = 1;
      let calls = 0;
      for (; visits.length < patients.length && calls < 10; calls += 1)
        await collectAll(deps, { stopAt: clock.now + 50, apartMs: day });
      expect(visits.toSorted()).toEqual(patients.toSorted());
      expect(calls).toBeGreaterThan(2);
    });

    test("counts as one when it is begun again: nothing is deleted before the next", async () => {
      await using collector = await aCollector(open);
      const { deps } = collector;
      const patientId = await aRecord(collector);
      const garbage = await aDeadWriter(collector, patientId);
      await expect(collectAll({ ...deps, engine: killedAfter(deps.engine, 1) })).rejects.toThrow("killed");
      await collectAll(deps);
      expect(collector.visits).toEqual([patientId, patientId]);
      expect(await collector.segmentsOf(patientId)).toContain(garbage);
      await collector.round();
      expect(await collector.segmentsOf(patientId)).not.toContain(garbage);
    });

    test("is left to the next call after a page on which twenty fail: the store is down", async () => {
      await using collector = await aCollector(open);
      for (let n = 0; n < 101; n += 1) {
        const id = aPatientAtRest();
        await collector.engine.heads.acquire(id, "w");
        collector.broken.add(id);
      }
      await expect(collectAll(collector.deps)).rejects.toThrow("the store is down");
      expect(collector.visits).toHaveLength(100);
    });

    test("remembers to its end what its first page left to do", async () => {
      await using collector = await aCollector(open);
      const { engine } = collector;
      const patientId = aPatientAtRest("00000000");
      await commitTo(engine, patientId, { "notes/a.md": "a" });
      const garbage = await aDeadWriter(collector, patientId);
      for (let n = 0; n < 100; n += 1) await engine.heads.acquire(aPatientAtRest(), "w");
      await collector.round();
      await collector.round();
      expect(await collector.segmentsOf(patientId)).not.toContain(garbage);
    });

    test("waits for nobody who fails, tells of the failure, and comes back to the patient", async () => {
      await using collector = await aCollector(open);
      const [sound, failing] = [await aRecord(collector), await aRecord(collector)];
      const garbage = await aDeadWriter(collector, sound);
      collector.broken.add(failing);
      await expect(collector.round()).rejects.toThrow("the store is down");
      await expect(collector.round()).rejects.toThrow("the store is down");
      expect(await collector.segmentsOf(sound)).not.toContain(garbage);
      collector.broken.clear();
      expect(await collector.round()).toEqual([failing]);
      expect(await collector.round()).toEqual([]);
    });
  });

  test("a round is not begun before its time, but one under way is finished", async () => {
    await using collector = await aCollector(open);
    const { deps, clock, visits } = collector;
    const patientId = await aRecord(collector);
    await collectAll(deps, { stopAt: 0, apartMs: day });
    expect(visits).toEqual([]);
    await collectAll(deps, { apartMs: day });
    expect(visits).toEqual([patientId]);
    const stored = await collector.segmentsOf(collectorsPlace);
    clock.now += day - 1;
    await collectAll(deps, { apartMs: day });
    expect(await collector.segmentsOf(collectorsPlace)).toEqual(stored);
    clock.now += 1;
    await collectAll(deps, { apartMs: day });
    expect(await collector.segmentsOf(collectorsPlace)).not.toEqual(stored);
  });

  test("a state that a kill left beside a newer one counts for nothing", async () => {
    await using collector = await aCollector(open);
    const { deps, clock, visits } = collector;
    const patientId = await aRecord(collector);
    await collector.round();
    const [first] = await collector.segmentsOf(collectorsPlace);
    const older = await collector.engine.segments.get(collectorsPlace, first!);
    await collector.round();
    await collector.engine.segments.put(collectorsPlace, first!, older);
    visits.length = 0;
    clock.now += day - 1;
    await collectAll(deps, { apartMs: day });
    expect(await collector.segmentsOf(collectorsPlace)).toHaveLength(2);
    expect(await collector.round()).not.toContain(patientId);
    expect(await collector.segmentsOf(collectorsPlace)).toHaveLength(1);
  });

  test("two collectors at once leave one state, the record, and no garbage", async () => {
    await using collector = await aCollector(open);
    const patientId = await aRecord(collector);
    const before = await collector.segmentsOf(patientId);
    await aDeadWriter(collector, patientId);
    await Promise.all([collectAll(collector.deps), collectAll(collector.deps)]);
    for (let n = 0; n < 3; n += 1) await collector.round();
    expect(await collector.segmentsOf(patientId)).toEqual(before);
    expect(await collector.segmentsOf(collectorsPlace)).toHaveLength(1);
  });

  test("a state that is not readable costs a round over everybody", async () => {
    await using collector = await aCollector(open);
    const patientId = await aRecord(collector);
    await collector.round();
    expect(await collector.round()).toEqual([]);
    const { segments } = collector.engine;
    await segments.delete(collectorsPlace, await collector.segmentsOf(collectorsPlace));
    await segments.put(collectorsPlace, "round-x", Buffer.from("{}"));
    expect(await collector.round()).toEqual([patientId]);
    expect(await collector.round()).toEqual([]);
  });
};

/** The process ends when it keeps how far it has come for the `saves + 1`st time. */
const killedAfter = (engine: Engine, saves: number): Engine => {
  let left = saves;
  return {
    ...engine,
    segments: {
      ...engine.segments,
      put: async (id, name, bytes) => {
        if (id === collectorsPlace && (left -= 1) < 0) throw new Error("killed");
        return engine.segments.put(id, name, bytes);
      },
    },
  };
};
