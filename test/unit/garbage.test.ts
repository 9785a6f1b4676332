import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { collectAll } from "../../functions/collect.ts";
import { collectPatient } from "../../functions/collect-patient.ts";
import { findGarbage, isSightings } from "../../shared/git/garbage.ts";
import { segmentId } from "../../shared/git/segment-id.ts";
import { loadState } from "../../shared/git/state.ts";
import { aPack, aPatientId } from "../support/an-operation.ts";
import { openSqlite } from "../support/engines.ts";
import { commitTo, dependenciesOn } from "../support/sqlite-record.ts";

const head = {
  epoch: 7,
  generation: 3,
  packs: { "000000c3-live": aPack(), "00000aw7-tail": aPack() },
  replaced: ["00000aw5-old"],
};

test.for([
  ["a segment that the head names", "00000aw7-tail", "kept"],
  ["a compacted segment that the head names", "000000c3-live", "kept"],
  ["a replaced tail that readers may use", "00000aw5-old", "kept"],
  ["a writer's segment of an older epoch", "00000bw6-x", "dead"],
  ["a writer's segment of the newest epoch", "00000bw7-x", "unsure"],
  ["a writer's segment of an epoch to come (a restored head)", "00000bw8-x", "kept"],
  ["a lost compaction of this generation", "000000c3-lost", "dead"],
  ["a lost compaction of an older generation", "000000c1-x", "dead"],
  ["a compaction that may be published next", "000000c4-x", "kept"],
  ["an id of no known form", "constructor", "kept"],
  ["a collector's note", "seen-abc", "kept"],
] as const)("%s: %s is %s", ([, id, fate]) => {
  const { dead, unsure } = findGarbage([id], head);
  expect({ dead, unsure }).toEqual({
    dead: fate === "dead" ? [id] : [],
    unsure: fate === "unsure" ? [id] : [],
  });
});

test("nothing that a settle or a compaction could still publish is ever dead", () => {
  const aName = fc.record({
    first: fc.nat(100),
    by: fc.constantFrom("writer" as const, "compaction" as const),
    number: fc.nat(12),
    random: fc.constantFrom("a", "b"),
  });
  const property = fc.property(fc.array(aName), fc.nat(12), fc.nat(12), (names, epoch, generation) => {
    const { dead } = findGarbage(names.map(segmentId), { epoch, generation, packs: {}, replaced: [] });
    const publishable = names.filter(({ by, number }) => (by === "writer" ? number >= epoch : number > generation));
    return publishable.every((name) => !dead.includes(segmentId(name)));
  });
  expect(() => fc.assert(property)).not.toThrow();
});

/** A patient with two commits, on the embedded engine. */
const aPatient = async () => {
  const sqlite = await openSqlite();
  const patientId = aPatientId();
  await commitTo(sqlite.engine, patientId, { "notes/a.md": "a" });
  await commitTo(sqlite.engine, patientId, { "notes/a.md": "b" });
  const { deps } = dependenciesOn(sqlite.engine);
  return {
    ...sqlite,
    patientId,
    deps,
    head: async () => (await sqlite.engine.heads.read(patientId))!,
    listed: async () => (await sqlite.engine.segments.list(patientId)).map(({ id }) => id),
  };
};

/** What a writer leaves that put its segment and was killed: the segment, and a lease that has run out. */
const aDeadWriter = async ({ engine, patientId, passTime, leaseMs }: Awaited<ReturnType<typeof aPatient>>) => {
  const { epoch, commits } = await engine.heads.acquire(patientId, randomUUID());
  const id = segmentId({ first: commits, by: "writer", number: epoch, random: "dead" });
  await engine.segments.put(patientId, id, Buffer.from("a segment"));
  await passTime(leaseMs + 1);
  return id;
};

test("a dead writer's segment is seen by one round and deleted by the next, and the record stands", async () => {
  await using patient = await aPatient();
  const before = await patient.listed();
  const garbage = await aDeadWriter(patient);
  expect(await collectPatient(patient.deps, patient.patientId)).toEqual({ seen: [garbage], deleted: [] });
  expect(await patient.listed()).toContain(garbage);
  expect(await collectPatient(patient.deps, patient.patientId)).toEqual({ seen: [], deleted: [garbage] });
  expect(await patient.listed()).toEqual(before);
  expect(await collectPatient(patient.deps, patient.patientId)).toEqual({ seen: [], deleted: [] });
  const state = await loadState(await patient.head(), (id, range) =>
    patient.engine.segments.get(patient.patientId, id, range),
  );
  expect(state.commits).toBe(2);
});

test("the first round fences the writer it takes for dead, and gives the lease back", async () => {
  await using patient = await aPatient();
  await aDeadWriter(patient);
  const { epoch } = await patient.head();
  await collectPatient(patient.deps, patient.patientId);
  expect((await patient.head()).epoch).toBe(epoch + 1);
  await collectPatient(patient.deps, patient.patientId);
  expect((await patient.head()).epoch).toBe(epoch + 1);
  await commitTo(patient.engine, patient.patientId, { "notes/b.md": "b" });
});

test("a segment of a writer that holds the lease is left alone, round after round", async () => {
  await using patient = await aPatient();
  const { engine, patientId, deps } = patient;
  const { epoch } = await engine.heads.acquire(patientId, "alive");
  const id = segmentId({ first: 2, by: "writer", number: epoch, random: "new" });
  await engine.segments.put(patientId, id, Buffer.from("a segment"));
  for (let round = 0; round < 3; round++) {
    expect(await collectPatient(deps, patientId)).toEqual({ seen: [], deleted: [], unsure: [id] });
  }
  expect(await patient.listed()).toContain(id);
  expect((await patient.head()).epoch).toBe(epoch);
});

test("a segment that is published between the listing and the head is left alone", async () => {
  await using patient = await aPatient();
  const { engine, patientId, deps } = patient;
  const late = {
    ...deps,
    engine: {
      ...engine,
      segments: {
        ...engine.segments,
        list: async (id: string) => {
          const before = await engine.segments.list(id);
          await commitTo(engine, patientId, { "notes/c.md": "c" });
          const after = await engine.segments.list(id);
          return [...before, ...after];
        },
      },
    },
  };
  for (let round = 0; round < 3; round++) {
    expect((await collectPatient(late, patientId)).deleted).toEqual([]);
  }
  expect((await patient.head()).commits).toBe(5);
});

test("garbage of two rounds is deleted each in its own second round", async () => {
  await using patient = await aPatient();
  const { deps, patientId } = patient;
  const first = await aDeadWriter(patient);
  await collectPatient(deps, patientId);
  const second = await aDeadWriter(patient);
  expect(await collectPatient(deps, patientId)).toEqual({ seen: [second], deleted: [first] });
  expect(await collectPatient(deps, patientId)).toEqual({ seen: [], deleted: [second] });
  expect((await patient.listed()).some(isSightings)).toBe(false);
});

test("a lost compaction's segment goes, one that may yet be published stays", async () => {
  await using patient = await aPatient();
  const { engine, patientId, deps, tamper } = patient;
  await tamper.setGeneration(patientId, 4);
  await engine.segments.put(patientId, "000000c4-lost", Buffer.from("lost"));
  await engine.segments.put(patientId, "000000c5-next", Buffer.from("next"));
  await collectPatient(deps, patientId);
  await collectPatient(deps, patientId);
  expect(await patient.listed()).not.toContain("000000c4-lost");
  expect(await patient.listed()).toContain("000000c5-next");
});

test("a round that visits a patient twice, as after a kill, counts as one", async () => {
  await using patient = await aPatient();
  const { deps, patientId } = patient;
  const garbage = await aDeadWriter(patient);
  const [round, next] = [randomUUID(), randomUUID()];
  expect(await collectPatient(deps, patientId, round)).toEqual({ seen: [garbage], deleted: [] });
  expect(await collectPatient(deps, patientId, round)).toEqual({ seen: [garbage], deleted: [] });
  expect(await collectPatient(deps, patientId, next)).toEqual({ seen: [], deleted: [garbage] });
});

test("what one round saw is known to the next after a restart", async () => {
  await using patient = await aPatient();
  const garbage = await aDeadWriter(patient);
  await collectPatient(patient.deps, patient.patientId);
  const { deps: fresh } = dependenciesOn(patient.engine);
  expect((await collectPatient(fresh, patient.patientId)).deleted).toEqual([garbage]);
});

test("every patient with a head is looked after, and one without is not touched", async () => {
  await using patient = await aPatient();
  const garbage = await aDeadWriter(patient);
  const unknown = aPatientId();
  await patient.engine.segments.put(unknown, "000000w1-x", Buffer.from("x"));
  await collectAll(patient.deps);
  await collectAll(patient.deps);
  expect(await patient.listed()).not.toContain(garbage);
  expect(await collectPatient(patient.deps, unknown)).toEqual({ seen: [], deleted: [] });
});
