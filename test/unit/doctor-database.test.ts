import { randomUUID } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { collectorsPlace } from "../../functions/collect-round.ts";
import { backUp } from "../../infra/local/backup.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import { examineDataFolder } from "../../infra/local/doctor/examine-data-folder.ts";
import { NotReadableHere } from "../../infra/local/sqlite/open-to-read.ts";
import { aFolder } from "../support/engines.ts";
import { aClinic, errorsOf, kindsOf } from "../support/examined-clinic.ts";

/** The database of a clinic that is closed. */
const aDataFolder = async () => {
  const folder = aFolder();
  const file = join(folder.path, "casenotes.db");
  await using clinic = await aClinic({ commits: 8, file });
  return { ...folder, file, patients: clinic.patients, sql: clinic.sql };
};

const examine = (data: string, patients?: readonly string[]) =>
  examineDataFolder({ data, git: false, json: false, patients }, () => undefined);

test("finds nothing wrong in a sound database file", async () => {
  using data = await aDataFolder();
  expect(kindsOf(await examine(data.path))).toEqual(["skipped"]);
});

test("refuses to look for a patient that the folder knows nothing of, but not for one whose head is gone", async () => {
  using folder = aFolder();
  await using clinic = await aClinic({ commits: 1, file: join(folder.path, "casenotes.db") });
  const [known, lost] = clinic.patients;
  const unknown = randomUUID();
  await expect(examine(folder.path, [known, unknown])).rejects.toThrow(
    new UsageError(`There is no patient ${unknown} in ${folder.path}.`),
  );
  clinic.sql("DELETE FROM heads WHERE patient_id = ?", lost);
  expect(errorsOf(await examine(folder.path, [known, lost]))).toEqual(["head-missing"]);
});

test("names a claim on an identifier that no record has", async () => {
  using folder = aFolder();
  await using clinic = await aClinic({ commits: 1, file: join(folder.path, "casenotes.db") });
  clinic.sql("INSERT INTO identifiers (system, value, patient_id) VALUES ('urn:x', 'y', ?)", clinic.patients[0]);
  expect((await examine(folder.path)).findings).toMatchObject([
    { kind: "skipped" },
    { kind: "identifier-wrong", patientId: clinic.patients[0] },
  ]);
});

test("names segments of a patient that has no head, but not what the collector keeps among them", async () => {
  using folder = aFolder();
  await using clinic = await aClinic({ commits: 1, file: join(folder.path, "casenotes.db") });
  clinic.sql("INSERT INTO segments (patient_id, id, part, bytes) VALUES (?, 'round-x', 0, x'00')", collectorsPlace);
  clinic.sql("INSERT INTO segments (patient_id, id, part, bytes) VALUES ('nobody', 'x', 0, x'00')");
  expect((await examine(folder.path)).findings).toMatchObject([
    { kind: "skipped" },
    { kind: "head-missing", patientId: "nobody" },
  ]);
});

test("names a file that is no database", async () => {
  using folder = aFolder();
  writeFileSync(join(folder.path, "casenotes.db"), "not a database\n".repeat(1_000));
  const report = await examine(folder.path);
  expect(report.healthy).toBe(false);
  expect(errorsOf(report)).toContain("store-damaged");
});

/** What SQLite meets in a folder it cannot write to, for root as well: it cannot make the log's index. */
const withoutLogIndex = (file: string): void => {
  rmSync(`${file}-shm`, { force: true });
  symlinkSync("/nowhere/at/all", `${file}-shm`);
};

test("reads and backs up a database whose folder cannot be written to", async () => {
  using data = await aDataFolder();
  using away = aFolder();
  withoutLogIndex(data.file);
  expect(await examine(data.path)).toMatchObject({ healthy: true, counts: { patients: 2, commits: 16 } });
  expect(await backUp(data.path, join(away.path, "backup"), () => undefined)).toMatchObject({ patients: 2 });
});

test("calls nothing damaged that it cannot read for a log in a folder that cannot be written to", async () => {
  using data = await aDataFolder();
  using away = aFolder();
  withoutLogIndex(data.file);
  writeFileSync(`${data.file}-wal`, "a log");
  await expect(examine(data.path)).rejects.toThrow(UsageError);
  await expect(examine(data.path)).rejects.toThrow(/casenotes\.db has a log .*: copy the folder/);
  await expect(backUp(data.path, join(away.path, "backup"), () => undefined)).rejects.toThrow(NotReadableHere);
});

test("never throws, whichever bytes of the file are overwritten", { timeout: 120_000 }, async () => {
  using data = await aDataFolder();
  using damaged = aFolder();
  const copy = join(damaged.path, "casenotes.db");
  let named = 0;
  const { length } = readFileSync(data.file);
  const place = fc.record({ at: fc.nat(length - 64), byte: fc.nat(255) });
  const overwrite = fc.array(place, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(overwrite, async (places) => {
      copyFileSync(data.file, copy);
      const bytes = readFileSync(copy);
      for (const { at, byte } of places) bytes.fill(byte, at, at + 64);
      writeFileSync(copy, bytes);
      const report = await examine(damaged.path);
      named += report.healthy ? 0 : 1;
    }),
    { numRuns: 40 },
  );
  // About half of the places hold nothing that matters; fewer than 6 of 40 finds by chance: once in a million runs.
  expect(named).toBeGreaterThan(5);
});
