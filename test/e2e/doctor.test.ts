import { randomUUID } from "node:crypto";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isError } from "../../functions/doctor/finding.ts";
import { aPatientOf, sideBySide } from "../support/clinic.ts";
import { aFolder } from "../support/engines.ts";
import { runDoctor, type DoctorRun } from "../support/run-doctor.ts";
import { startService, type Service } from "../support/service.ts";

const home = aFolder();
/** A data folder that the service made and left; tests copy it. */
const data = join(home.path, "data");
let patients: readonly string[];
let live: DoctorRun;

const errorsOf = ({ report }: DoctorRun) => report.findings.filter(isError).map(({ kind }) => kind);

/** Patients with some history, among it a refusal; one goes on being written to until `stop`. */
const aBusyClinic = async (service: Service) => {
  const made = await sideBySide(3, async (n) => {
    const patient = await aPatientOf(service, { identifiers: [{ system: "urn:example:mrn", value: `${n}` }] });
    for (let i = 0; i < 25; i++) await patient.put(`notes/${i}.md`, { content: `note ${i}\n`.repeat(60) });
    expect((await patient.put("notes/0.md", { ifMatch: `"${"0".repeat(40)}"` })).status).toBe(412);
    return patient;
  });
  const stopping = { value: false };
  const writing = (async () => {
    for (let i = 0; !stopping.value; i++) await made[0]!.put(`documents/${i}.md`);
  })();
  const stop = async () => {
    stopping.value = true;
    await writing;
  };
  return { ids: made.map(({ id }) => id), stop };
};

beforeAll(async () => {
  await using service = await startService({ data });
  const clinic = await aBusyClinic(service);
  live = await runDoctor("--data", data, "--json");
  await clinic.stop();
  patients = clinic.ids;
  await service.stop();
}, 120_000);

afterAll(() => home[Symbol.dispose]());

test("finds nothing wrong while the service works", () => {
  expect(live.report.findings.filter(isError)).toEqual([]);
  expect(live).toMatchObject({ code: 0, report: { healthy: true, counts: { patients: 3 } } });
});

test("finds nothing wrong, with stock git, in a data folder at rest, and leaves nothing behind in it", async () => {
  const before = readdirSync(data);
  const { code, stdout, stderr } = await runDoctor("--data", data);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^3 patients, \d+ commits, \d+ operations, .*\nNothing is wrong\.\n$/);
  expect(readdirSync(data).filter((name) => !name.startsWith("casenotes.db"))).toEqual(
    before.filter((name) => !name.startsWith("casenotes.db")),
  );
});

test("examines only the patients it is asked for, and says that stock git was left out", async () => {
  const run = await runDoctor("--data", data, "--json", "--no-git", "--patients", `${patients[1]},${patients[2]}`);
  expect(run).toMatchObject({ code: 0, report: { counts: { patients: 2 } } });
  expect(run.report.findings).toMatchObject([{ kind: "skipped", where: "stock git" }]);
});

/** The byte at a place of a segment, counted from 1 or, below 0, from the end, as another one. */
const otherByte = (at: number): string => `CASE WHEN substr(bytes, ${at}, 1) = x'00' THEN x'01' ELSE x'00' END`;

/** A commit's id as another one. */
const otherCommit = "CASE substr(commit_id, 1, 4) WHEN 'ffff' THEN '0000' ELSE 'ffff' END || substr(commit_id, 5)";

/** Five damages, each by an UPDATE or DELETE past the service; the first patient is the one that is hurt. */
const damages: readonly { place: string; change: string; kind: string }[] = [
  {
    place: "segment body",
    change: `UPDATE segments SET bytes = CAST(substr(bytes, 1, 30) || ${otherByte(31)} || substr(bytes, 32) AS BLOB)
      WHERE patient_id = ?1 AND part = 0 AND id IN (SELECT key FROM heads, json_each(packs) WHERE patient_id = ?1)`,
    kind: "pack-damaged",
  },
  {
    place: "footer",
    change: `UPDATE segments SET bytes = CAST(substr(bytes, 1, length(bytes) - 40) || ${otherByte(-40)} || substr(bytes, -39) AS BLOB)
      WHERE patient_id = ?1 AND id IN (SELECT key FROM heads, json_each(packs) WHERE patient_id = ?1)`,
    kind: "footer-damaged",
  },
  {
    place: "head row",
    change: `UPDATE heads SET commit_id = ${otherCommit} WHERE patient_id = ?1`,
    kind: "history-broken",
  },
  {
    place: "operation row",
    change: `UPDATE operations SET commit_id = ${otherCommit}
      WHERE id = (SELECT id FROM operations WHERE patient_id = ?1 AND state = 'committed' LIMIT 1 OFFSET 5)`,
    kind: "operation-commit-mismatch",
  },
  {
    place: "missing segment",
    change: `DELETE FROM segments
      WHERE patient_id = ?1 AND id = (SELECT key FROM heads, json_each(packs) WHERE patient_id = ?1 LIMIT 1)`,
    kind: "segment-missing",
  },
];

test.for(damages)("a damage to a $place of a copied data folder is named $kind", async ({ change, kind }) => {
  using folder = aFolder();
  const copy = join(folder.path, "copy");
  cpSync(data, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, "casenotes.db"));
  expect(Number(db.prepare(change).run(patients[0]!).changes)).toBeGreaterThan(0);
  db.close();
  const run = await runDoctor("--data", copy, "--json");
  expect(run.code).toBe(1);
  expect(errorsOf(run)).toContain(kind);
  expect(new Set(run.report.findings.filter(isError).map(({ patientId }) => patientId))).toEqual(
    new Set([patients[0]]),
  );
});

test("a signature by another key is named", async () => {
  using folder = aFolder();
  using other = aFolder();
  const copy = join(folder.path, "copy");
  cpSync(data, copy, { recursive: true });
  await using stranger = await startService({ data: join(other.path, "data") });
  cpSync(join(stranger.data, "signing-key.pem"), join(copy, "signing-key.pem"));
  const run = await runDoctor("--data", copy, "--json");
  expect(new Set(errorsOf(run))).toEqual(new Set(["git-signature-bad"]));
});

test.for([
  [["--nonsense"]],
  [["--patients", "x"]],
  [["--data", join(home.path, "nowhere")]],
  [["--data", data, "--patients", randomUUID()]],
])("refuses the flags %j with a word and the usage", async ([args]) => {
  const { code, stdout, stderr } = await runDoctor(...args!);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^.+\n\nChecks every record/);
  expect(existsSync(join(home.path, "nowhere"))).toBe(false);
});
