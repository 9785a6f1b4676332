import { expect, test } from "vitest";
import { compactAll, compactPatients } from "../../functions/compact-all.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { aPatientId } from "../support/an-operation.ts";
import { openSqlite } from "../support/engines.ts";
import { commitTo, dependenciesOn } from "../support/sqlite-record.ts";

/** Patients who are due: the engine seals after each commit and allows one sealed pack. */
const patientsWhoAreDue = async (count: number) => {
  const sqlite = await openSqlite({ tailBytes: 1, sealedPacks: 1 });
  const { engine } = sqlite;
  const patientIds = Array.from({ length: count }, () => aPatientId());
  for (const patientId of patientIds)
    for (const text of ["a", "b"]) await commitTo(engine, patientId, { "notes/a.md": text });
  const merged = async () => {
    const heads = await Promise.all(patientIds.map((patientId) => engine.heads.read(patientId)));
    return patientIds.filter((_, index) => heads[index]?.generation === 1);
  };
  return { ...sqlite, ...dependenciesOn(engine), patientIds, merged };
};

/** The same dependencies where the segments of these patients cannot be read. */
const withUnreadable = (deps: Dependencies, patientIds: readonly string[]): Dependencies => {
  const { segments } = deps.engine;
  const get: typeof segments.get = async (patientId, ...rest) => {
    if (patientIds.includes(patientId)) throw new Error("cannot be read");
    return segments.get(patientId, ...rest);
  };
  return { ...deps, engine: { ...deps.engine, segments: { ...segments, get } } };
};

test("every record that is due is merged", async () => {
  await using clinic = await patientsWhoAreDue(20);
  await compactAll(clinic.deps);
  expect(await clinic.merged()).toEqual(clinic.patientIds);
});

test("of some patients, only their records are merged", async () => {
  await using clinic = await patientsWhoAreDue(4);
  const some = clinic.patientIds.slice(1, 3);
  await compactPatients(clinic.deps, new Set(some));
  expect(await clinic.merged()).toEqual(some);
});

test("a record that cannot be merged keeps no other from it, and is told of in the end", async () => {
  await using clinic = await patientsWhoAreDue(20);
  const [bad = "", ...good] = clinic.patientIds;
  await expect(compactAll(withUnreadable(clinic.deps, [bad]))).rejects.toThrow("cannot be read");
  expect(await clinic.merged()).toEqual(good);
  expect(clinic.lines.filter(({ event }) => event === "record.compaction-failed")).toEqual([
    { event: "record.compaction-failed", fields: expect.objectContaining({ patientId: bad, error: "Error" }) },
  ]);
});

test("a store that fails everywhere is not asked for everybody", async () => {
  await using clinic = await patientsWhoAreDue(60);
  await expect(compactAll(withUnreadable(clinic.deps, clinic.patientIds))).rejects.toThrow("cannot be read");
  const failed = clinic.lines.filter(({ event }) => event === "record.compaction-failed").length;
  expect(failed).toBeGreaterThanOrEqual(20);
  expect(failed).toBeLessThan(30);
});
