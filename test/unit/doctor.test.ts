import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findingKinds } from "../../functions/doctor/finding.ts";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { reportText } from "../../infra/local/doctor/report-text.ts";
import { Fault } from "../../shared/errors.ts";
import type { Head } from "../../shared/head.ts";
import { aClinic, errorsOf, kindsOf, type Clinic } from "../support/examined-clinic.ts";
import { createCommand, putCommand } from "../support/write-path.ts";

/** The head's pack map as stored: first, pack, snapshot, footer, sealed by segment id. */
const packsOf = (clinic: Clinic): Record<string, [number, number, number, number, number]> =>
  JSON.parse(String(clinic.rows("SELECT packs FROM heads WHERE patient_id = ?", clinic.patients[0])[0]!["packs"]));

const aSegment = (clinic: Clinic, sealed: 0 | 1): string =>
  Object.entries(packsOf(clinic)).find(([, entry]) => entry[4] === sealed)![0];

const anOperationId = (clinic: Clinic, state = "committed"): string =>
  String(
    clinic.rows(
      "SELECT id FROM operations WHERE patient_id = ? AND state = ? LIMIT 1 OFFSET ?",
      clinic.patients[0],
      state,
      state === "committed" ? 3 : 0,
    )[0]!["id"],
  );

test("finds nothing wrong in what the write path made", async () => {
  await using clinic = await aClinic({ commits: 40 });
  const report = await clinic.examine();
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ healthy: true, counts: { patients: 2, commits: 80, operations: 82 } });
  expect(report.counts.segments).toBeGreaterThan(6);
});

test("leaves a patient alone that a writer touched and nothing was committed to", async () => {
  await using clinic = await aClinic({ commits: 1 });
  await clinic.engine.heads.acquire(randomUUID(), "a writer");
  expect(kindsOf(await clinic.examine())).toEqual([]);
});

test("counts an id whose create was refused apart from the patients", async () => {
  await using clinic = await aClinic({ commits: 1 });
  const taken = [{ system: "urn:example:mrn", value: clinic.patients[0].slice(0, 8) }];
  await clinic.path.submit(randomUUID(), createCommand({ identifiers: taken }));
  await clinic.path.deliverAll();
  const report = await clinic.examine();
  expect(report).toMatchObject({ healthy: true, counts: { patients: 2, withoutRecord: 1, operations: 5 } });
  expect(reportText(report)).toMatch(/^2 patients, 2 commits, .*, 1 ids without a record$/m);
});

test("names a patient that was asked for and is not there", async () => {
  await using clinic = await aClinic({ commits: 1 });
  expect(errorsOf(await clinic.examine({ patients: [randomUUID()] }))).toEqual(["head-missing"]);
});

const setHead = (assignment: string) => (clinic: Clinic) =>
  clinic.sql(`UPDATE heads SET ${assignment} WHERE patient_id = ?`, clinic.patients[0]);
const setOperation = (assignment: string, state?: string) => (clinic: Clinic) =>
  clinic.sql(`UPDATE operations SET ${assignment} WHERE id = ?`, anOperationId(clinic, state));

/** What happens to a store, and the kind it is named by. */
const damages: readonly (readonly [string, (clinic: Clinic) => void, string])[] = [
  ["a head's commit is another id", setHead(`commit_id = '${"a".repeat(40)}'`), "history-broken"],
  ["a head's commit is no id", setHead("commit_id = 'x' || substr(commit_id, 2)"), "head-invalid"],
  ["a head counts one commit too many", setHead("commits = commits + 1"), "history-broken"],
  ["a head's epoch ran backwards", setHead("epoch = 0"), "head-invalid"],
  ["a head's time is another", setHead("updated_at = updated_at + 1"), "head-invalid"],
  ["a head's pack map is no JSON", setHead("packs = replace(packs, '{', '[')"), "head-unreadable"],
  ["a head's replaced tails are no JSON", setHead("replaced = 'x'"), "head-unreadable"],
  ["a head's replaced tails are no ids", setHead(`replaced = '["x"]'`), "head-invalid"],
  ["a head's time is out of range", setHead("updated_at = 9e17"), "head-unreadable"],
  [
    "a head lost its newest segment",
    (clinic) => setHead(`packs = json_remove(packs, '$.${aSegment(clinic, 0)}')`)(clinic),
    "history-broken",
  ],
  [
    "a head lost its first segment",
    (clinic) => setHead(`packs = json_remove(packs, '$.${aSegment(clinic, 1)}')`)(clinic),
    "head-invalid",
  ],
  [
    "a head is gone",
    (clinic) => clinic.sql("DELETE FROM heads WHERE patient_id = ?", clinic.patients[0]),
    "head-missing",
  ],
  [
    "a segment is gone",
    (clinic) => clinic.sql("DELETE FROM segments WHERE id = ?", aSegment(clinic, 1)),
    "segment-missing",
  ],
  [
    "a segment is cut",
    (clinic) =>
      clinic.sql("UPDATE segments SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = ?", aSegment(clinic, 1)),
    "segment-length",
  ],
  ["an operation names another commit", setOperation(`commit_id = '${"b".repeat(40)}'`), "operation-commit-mismatch"],
  ["an operation has another entity tag", setOperation(`etag = '${"b".repeat(40)}'`), "operation-row-wrong"],
  ["an operation has another resource", setOperation("resource = resource || 'x'"), "operation-row-wrong"],
  ["an operation has another command", setOperation("command = 'SetEhrStatus'"), "operation-row-wrong"],
  ["an operation has another caller", setOperation("subject = 'user-2'"), "operation-row-wrong"],
  ["an operation has another time", setOperation("submitted_at = submitted_at - 1000"), "operation-row-wrong"],
  ["an operation was settled before it was asked", setOperation("settled_at = 5"), "operation-row-wrong"],
  ["a refusal is older than its request", setOperation("settled_at = 5", "rejected"), "operation-row-wrong"],
  ["an operation's version is too high", setOperation("version = 99"), "operation-row-wrong"],
  ["an operation's attempt is too high", setOperation("attempt = 9"), "operation-row-wrong"],
  ["an operation's tries are below zero", setOperation("tries = -1"), "operation-row-wrong"],
  ["an operation was tried too often", setOperation("tries = 4", "rejected"), "operation-row-wrong"],
  ["an operation's request hash is none", setOperation("request_hash = 'x'"), "operation-row-wrong"],
  ["a committed operation is queued again", setOperation("state = 'queued'"), "operation-state-wrong"],
  ["an operation's row is gone", setOperation("id = 'x'"), "commit-without-operation"],
  ["an operation belongs to another patient", setOperation("patient_id = 'x'"), "commit-without-operation"],
  ["a refused operation is committed", setOperation("state = 'committed'", "rejected"), "operation-without-commit"],
  [
    "a refused operation names a commit",
    setOperation("commit_id = etag, etag = NULL, commit_id = 'x'", "rejected"),
    "operation-row-wrong",
  ],
  ["an operation's problem is no JSON", setOperation("problem = '{'", "rejected"), "operations-unreadable"],
  ["a summary is gone", (clinic) => clinic.sql("DELETE FROM summaries"), "summary-missing"],
  [
    "a summary has another name",
    (clinic) => clinic.sql("UPDATE summaries SET summary = replace(summary, 'Doe', 'Roe')"),
    "summary-wrong",
  ],
  [
    "a summary is found by another name",
    (clinic) => clinic.sql("UPDATE summaries SET family = 'roe'"),
    "summary-wrong",
  ],
  ["a summary is no JSON", (clinic) => clinic.sql("UPDATE summaries SET summary = '{'"), "summary-wrong"],
  [
    "an identifier is another patient's",
    (clinic) => clinic.sql("UPDATE identifiers SET patient_id = 'x'"),
    "identifier-wrong",
  ],
  ["an identifier's claim is gone", (clinic) => clinic.sql("DELETE FROM identifiers"), "identifier-wrong"],
];

test.for(damages.map(([what, damage, kind]) => ({ what, damage, kind })))(
  "when $what, it is named $kind",
  async ({ damage, kind }) => {
    await using clinic = await aClinic({ commits: 16 });
    damage(clinic);
    const report = await clinic.examine();
    expect(report.healthy).toBe(false);
    expect(errorsOf(report)).toContain(kind);
  },
);

test("finds every change of a single byte of a segment", { timeout: 120_000 }, async () => {
  await using clinic = await aClinic({ commits: 16 });
  const [patientId] = clinic.patients;
  const named = packsOf(clinic);
  const all = clinic.rows("SELECT seq, id, bytes FROM segments WHERE patient_id = ?", patientId);
  const stored = all.filter(({ id }) => String(id) in named);
  const set = (seq: unknown, bytes: Uint8Array) =>
    clinic.sql("UPDATE segments SET bytes = ? WHERE seq = ?", bytes, Number(seq));
  const place = fc.record({
    segment: fc.nat(stored.length - 1),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    flip: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(place, async ({ segment, at, flip }) => {
      const { seq, id, bytes } = stored[segment]!;
      const altered = Uint8Array.from(bytes as Uint8Array);
      altered[Math.floor(at * altered.length)]! ^= flip;
      set(seq, altered);
      const { findings } = await clinic.examine({ patients: [patientId] });
      set(seq, bytes as Uint8Array);
      expect(findings.map(({ where }) => where)).toContain(`segment ${String(id)}`);
    }),
    { numRuns: 300 },
  );
  expect((await clinic.examine()).findings).toEqual([]);
});

test("notes even a bit of a snapshot's compression that changes nothing it says", async () => {
  await using clinic = await aClinic({ commits: 16 });
  const [patientId] = clinic.patients;
  for (const [id, [, pack, length]] of Object.entries(packsOf(clinic))) {
    const where = "WHERE patient_id = ? AND id = ?";
    const [row] = clinic.rows(`SELECT bytes FROM segments ${where}`, patientId, id);
    const bytes = row!["bytes"] as Uint8Array;
    for (const at of [pack, pack + 1, pack + 2, pack + length - 6, pack + length - 5, pack + length - 1]) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const altered = Uint8Array.from(bytes);
        altered[at]! ^= bit;
        clinic.sql(`UPDATE segments SET bytes = ? ${where}`, altered, patientId, id);
        const { findings } = await clinic.examine({ patients: [patientId] });
        expect(findings.map((finding) => finding.where)).toContain(`segment ${id}`);
      }
    }
    clinic.sql(`UPDATE segments SET bytes = ? ${where}`, bytes, patientId, id);
  }
});

test("tells garbage from replaced tails that wait for the drain, and calls neither wrong", async () => {
  await using clinic = await aClinic({ commits: 16 });
  const [patientId] = clinic.patients;
  const dead = "000000w1-dead00";
  await clinic.engine.segments.put(patientId, dead, Buffer.from("never published"));
  await clinic.path.submit(
    patientId,
    putCommand("notes/long.md", "text\n".repeat(20).concat(randomUUID().repeat(400))),
  );
  await clinic.path.deliverAll();
  expect((await clinic.engine.effects.pending(10)).map(({ kind }) => kind)).toContain("delete-segments");
  const report = await clinic.examine();
  expect(report).toMatchObject({ healthy: true, counts: { garbage: { segments: 1, bytes: 15 } } });
  expect(report.findings).toMatchObject([{ kind: "garbage", patientId, where: `segment ${dead}` }]);
});

test("leaves a segment alone that a writer at work has put and not yet published", async () => {
  await using clinic = await aClinic({ commits: 4 });
  const [patientId] = clinic.patients;
  await clinic.path.submit(patientId, putCommand("notes/new.md", "x"));
  const { epoch } = await clinic.engine.heads.acquire(patientId, "a writer");
  await clinic.engine.segments.put(patientId, `000000w${epoch}-abc123`, Buffer.from("not published yet"));
  expect((await clinic.examine()).findings).toEqual([]);
});

test("names an open operation whose content is gone, and content that outlived its operation", async () => {
  await using clinic = await aClinic({ commits: 2 });
  const [patientId] = clinic.patients;
  const open = await clinic.path.submit(patientId, putCommand("notes/open.md", "x"));
  const aside = await clinic.path.submit(patientId, putCommand("notes/aside.md", "x"));
  await clinic.engine.operations.park(parkedOutcome({ operationId: aside.id, attempt: 1 }, "tries", clinic.path.now()));
  expect(kindsOf(await clinic.examine())).toEqual([]);
  clinic.sql("DELETE FROM payloads WHERE operation_id = ?", aside.id);
  expect((await clinic.examine()).findings).toMatchObject([
    { kind: "payload-missing", where: `operation ${aside.id}` },
  ]);
  clinic.sql("DELETE FROM operations WHERE id = ?", aside.id);
  clinic.sql("UPDATE payloads SET operation_id = ? WHERE operation_id = ?", anOperationId(clinic, "rejected"), open.id);
  await clinic.path.passTime(6 * 60_000);
  const { findings } = await clinic.examine();
  expect(findings).toMatchObject([
    { kind: "payload-missing", where: `operation ${open.id}` },
    { kind: "payload-left", patientId },
  ]);
});

test("looks twice before it calls something wrong", async () => {
  await using clinic = await aClinic({ commits: 8 });
  let reads = 0;
  const { segments } = clinic.engine;
  const flaky: typeof segments = {
    ...segments,
    get: (...asked) => (reads++ === 0 ? Promise.reject(new Fault("transient", "not now")) : segments.get(...asked)),
  };
  expect((await clinic.examine({ ports: { ...clinic.engine, segments: flaky } })).findings).toEqual([]);
});

test("says so when a head never stands still, and compares no rows then", async () => {
  await using clinic = await aClinic({ commits: 8 });
  const { heads } = clinic.engine;
  let generation = 0;
  const moving = async (id: string): Promise<Head | undefined> => {
    const head = await heads.read(id);
    return head && { ...head, generation: generation++ };
  };
  const ports = { ...clinic.engine, heads: { ...heads, read: moving } };
  expect(kindsOf(await clinic.examine({ ports }))).toEqual(["unsteady"]);
});

test("goes on with the next patient when a port throws whatever it likes", async () => {
  await using clinic = await aClinic({ commits: 4 });
  const { heads, segments } = clinic.engine;
  const [first] = clinic.patients;
  const broken = {
    ...clinic.engine,
    heads: { ...heads, read: (id: string) => (id === first ? Promise.reject(new TypeError("odd")) : heads.read(id)) },
    segments: { ...segments, list: () => Promise.reject(new Error("no list")) },
  };
  const { findings, counts } = await clinic.examine({ ports: broken });
  expect(new Set(findings.map(({ patientId }) => patientId))).toEqual(new Set(clinic.patients));
  expect(counts.patients).toBe(2);
});

test("every kind of finding has an entry in the documentation", async () => {
  const page = await readFile(new URL("../../docs/doctor.md", import.meta.url), "utf8");
  for (const kind of Object.keys(findingKinds)) expect(page).toContain(`\`${kind}\``);
});
