import { randomUUID } from "node:crypto";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isError } from "../../functions/doctor/finding.ts";
import { compactPatient } from "../../functions/compact.ts";
import {
  addNotes,
  aPatientWith,
  expectLaterEpochs,
  holdings,
  openClinicIn,
  park,
  runCopy,
  succeeded,
} from "../support/copied-clinic.ts";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { aFolder } from "../support/engines.ts";
import { runDoctor } from "../support/run-doctor.ts";
import { startService } from "../support/service.ts";
import { createCommand, putCommand } from "../support/write-path.ts";

const expectHealthy = async (...folders: readonly string[]): Promise<void> => {
  const runs = await Promise.all(folders.map((folder) => runDoctor("--json", "--no-git", "--data", folder)));
  for (const { code, report, stderr } of runs)
    expect([code, report?.findings.filter(isError), stderr]).toEqual([0, [], ""]);
};

const placesIn = (root: string) => ({ from: join(root, "from"), to: join(root, "to") });

test("a copy has every head, segment, operation and summary of its source, and doctor finds nothing wrong", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  const source = await openClinicIn(from);
  const patients = [await aPatientWith(source, 24), await aPatientWith(source, 2), await aPatientWith(source, 0)];
  await compactPatient(
    { ...source.deps, engine: { ...source.engine, limits: { tailBytes: 0, sealedPacks: 2 } } },
    patients[0]!,
  );
  const before = await holdings(source.engine, patients);
  expect(before[patients[0]!]?.head?.generation).toBe(1);
  const copied = await runCopy(from, to);
  expect(copied).toEqual(succeeded);
  expect(copied.stderr).toContain("3/3 patients\n");
  expect(copied.stdout).toMatch(/^3 patients: 3 copied, 0 there already, 0 not copied; 32 operations and \d+ segments/);

  const again = await runCopy(from, to);
  expect(again.stdout).toMatch(/^3 patients: 0 copied, 3 there already, 0 not copied; 0 operations and 0 segments/);
  const there = await openClinicIn(to);
  expect(await holdings(there.engine, patients)).toEqual(before);
  await expectLaterEpochs(source.engine, there.engine, patients);
  expect(await holdings(source.engine, patients)).toEqual(before);
  await source.engine.close();
  await there.engine.close();
  await expectHealthy(from, to);
});

test("ids without a record keep their operations: refused, parked before any writer, dismissed before any writer", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  const source = await openClinicIn(from);
  const [refused, parked, dismissed] = [randomUUID(), randomUUID(), randomUUID()];
  await source.submit(refused, putCommand("notes/a.md", "x"));
  await source.deliverAll();
  const waiting = await source.submit(parked, createCommand());
  await park(source, waiting);
  const never = await source.submit(dismissed, createCommand());
  await park(source, never);
  const nothing = { commit: null, resource: null, etag: null, problem: null, settledAt: never.submittedAt };
  await source.engine.operations.dismiss({ operationId: never.id, attempt: 1, state: "rejected", ...nothing });
  expect((await source.engine.heads.read(refused))?.commit).toBe(null);
  expect(await source.engine.heads.read(dismissed)).toBeUndefined();
  expect(await source.engine.heads.read(parked)).toBeUndefined();
  const before = await holdings(source.engine, [refused, parked, dismissed]);
  expect(await runCopy(from, to)).toEqual(succeeded);
  const there = await openClinicIn(to);
  expect(await holdings(there.engine, [refused, parked, dismissed])).toEqual(before);
  await source.engine.close();
  await there.engine.close();
});

test("a parked operation moves with its payload: redriven there it becomes a commit", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  const source = await openClinicIn(from);
  const patient = await aPatientWith(source, 3);
  const operation = await source.submit(patient, putCommand("notes/parked.md", "later\n"));
  await park(source, operation);
  expect(await runCopy(from, to)).toEqual(succeeded);
  const there = await openClinicIn(to);
  const redriven = await there.engine.operations.redrive(operation.id);
  await there.engine.intake.send({ operationId: operation.id, patientId: patient, attempt: redriven.attempt });
  await there.deliverAll();
  expect((await there.row(operation.id)).state).toBe("committed");
  expect((await there.history(patient)).at(-1)).toBe(operation.id);
  await source.engine.close();
  await there.engine.close();
});

test("what was written since is brought there, and what is written there is brought back", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  const source = await openClinicIn(from);
  const patients = [await aPatientWith(source, 30), await aPatientWith(source, 4)];
  const waiting = await source.submit(patients[1]!, putCommand("notes/parked.md", "later\n"));
  await park(source, waiting);
  expect(await runCopy(from, to)).toEqual(succeeded);

  await addNotes(source, patients[0]!, 9);
  const redriven = await source.engine.operations.redrive(waiting.id);
  await source.engine.intake.send({ operationId: waiting.id, patientId: patients[1]!, attempt: redriven.attempt });
  await source.deliverAll();
  const second = await runCopy(from, to);
  expect(second.stdout).toMatch(/^2 patients: 2 copied, 0 there already, 0 not copied; 10 operations/);
  const there = await openClinicIn(to);
  expect(await holdings(there.engine, patients)).toEqual(await holdings(source.engine, patients));

  await addNotes(there, patients[0]!, 7);
  const back = await runCopy(to, from);
  expect(back.stdout).toMatch(/^2 patients: 1 copied, 1 there already, 0 not copied; 7 operations/);
  expect(await holdings(source.engine, patients)).toEqual(await holdings(there.engine, patients));
  await expectLaterEpochs(there.engine, source.engine, patients.slice(0, 1));
  await addNotes(source, patients[0]!, 3);
  await source.engine.close();
  await there.engine.close();
  await expectHealthy(from, to);
});

test("an Idempotency-Key used before the move is answered after it with the old outcome, and makes no commit", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  await using old = await startService({ data: from });
  const patient = await aPatientOf(old);
  const [key, refusedKey] = [randomUUID(), randomUUID()];
  const written = await patient.put("notes/a.md", { content: "once\n", key });
  const refused = await patient.put("notes/a.md", { content: "again\n", key: refusedKey });
  expect([written.status, refused.status]).toEqual([201, 412]);
  expect(await old.stop()).toBe(0);
  expect(await runCopy(from, to)).toEqual(succeeded);
  await mkdir(to, { recursive: true });
  for (const name of ["issuer.json", "signing-key.pem"]) await cp(join(from, name), join(to, name));

  await using moved = await startService({ data: to });
  const put = (content: string, idempotencyKey: string) =>
    moved.request("PUT", `/v1/patients/${patient.id}/files/notes/a.md`, {
      headers: { "content-type": "text/markdown", prefer: "wait=20", "if-none-match": "*" },
      body: content,
      key: idempotencyKey,
    });
  const replayed = await put("once\n", key);
  expect([replayed.status, replayed.json.id, replayed.json.etag]).toEqual([201, written.json.id, written.json.etag]);
  expect((await put("again\n", refusedKey)).status).toBe(412);
  expect((await put("something else\n", key)).status).toBe(422);
  using clone = await cloneOf(moved, patient.id, ["-c", "transfer.fsckObjects=true"]);
  expect(await clone.operationIds()).toEqual([patient.create.json.id, written.json.id]);
});

test("a service that runs at the destination answers for a record as soon as it is copied, and writes to it", async () => {
  using root = aFolder();
  const { from, to } = placesIn(root.path);
  const source = await openClinicIn(from);
  const id = await aPatientWith(source, 3);
  await using there = await startService({ data: to });
  const read = () => there.request("GET", `/v1/patients/${id}`);
  expect((await read()).status).toBe(404);
  expect(await runCopy(from, to)).toEqual(succeeded);
  expect((await read()).status).toBe(200);
  const written = await there.request("PUT", `/v1/patients/${id}/files/notes/after.md`, {
    headers: { "content-type": "text/markdown", prefer: "wait=20", "if-none-match": "*" },
    body: "there\n",
  });
  expect(written.status).toBe(201);
  using clone = await cloneOf(there, id, ["-c", "transfer.fsckObjects=true"]);
  expect((await clone.operationIds()).length).toBe(5);
  await source.engine.close();
});
