import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isError } from "../../functions/doctor/finding.ts";
import { startAwsService } from "../support/aws-service.ts";
import {
  addNotes,
  aPatientWith,
  expectLaterEpochs,
  type Holding,
  holdings,
  openClinicIn,
  park,
  runCopy,
  succeeded,
} from "../support/copied-clinic.ts";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { aFolder } from "../support/engines.ts";
import { runDoctor, runDoctorIn } from "../support/run-doctor.ts";
import { startService } from "../support/service.ts";
import { putCommand } from "../support/write-path.ts";

/** Engines list rows of one millisecond in orders of their own; this clinic's clock stands still. */
const inOrderOfId = (all: Readonly<Record<string, Holding>>): Record<string, Holding> =>
  Object.fromEntries(
    Object.entries(all).map(([id, { operations, ...rest }]) => [
      id,
      { ...rest, operations: operations.toSorted((a, b) => (a.id < b.id ? -1 : 1)) },
    ]),
  );

test("30 records go up to AWS and come back: every head, segment, operation and summary is the same, doctor clean", async () => {
  using root = aFolder();
  const [from, back] = [join(root.path, "from"), join(root.path, "back")];
  await using aws = await startAwsService(0);
  const source = await openClinicIn(from);
  const patients: string[] = [];
  for (let n = 0; n < 30; n++) patients.push(await aPatientWith(source, n % 4));
  await addNotes(source, patients[0]!, 24);
  const parked = await source.submit(patients[1]!, putCommand("notes/parked.md", "later\n"));
  await park(source, parked);
  const before = inOrderOfId(await holdings(source.engine, patients));
  const up = await runCopy(from, "aws", aws.environment);
  expect([up.code, up.stdout]).toEqual([0, expect.stringMatching(/^30 patients: 30 copied, 0 there already, 0 not/)]);
  expect(inOrderOfId(await holdings(aws.engine, patients))).toEqual(before);
  const again = await runCopy(from, "aws", aws.environment);
  expect(again.stdout).toMatch(/^30 patients: 0 copied, 30 there already, 0 not copied; 0 operations and 0 segments/);
  await expectLaterEpochs(source.engine, aws.engine, patients);
  const doctor = await runDoctorIn(aws.environment, "--json", "--no-git", "--data", aws.service.data);
  expect(doctor.report).toMatchObject({ healthy: true, counts: { patients: 30 } });

  const down = await runCopy("aws", back, aws.environment);
  expect([down.code, down.stdout]).toEqual([
    0,
    expect.stringMatching(/^30 patients: 30 copied, 0 there already, 0 not/),
  ]);
  const returned = await openClinicIn(back);
  expect(inOrderOfId(await holdings(returned.engine, patients))).toEqual(before);
  const key = { operationId: parked.id, requestHash: parked.requestHash };
  expect(await returned.engine.payloads.get([key])).toEqual(await source.engine.payloads.get([key]));
  await source.engine.close();
  await returned.engine.close();
  const { report, stderr } = await runDoctor("--json", "--no-git", "--data", back);
  expect([report?.findings.filter(isError), stderr]).toEqual([[], ""]);
});

test("after the move a record is cloned with the same commits and written on; a replayed key makes no commit", async () => {
  using root = aFolder();
  const from = join(root.path, "from");
  await using old = await startService({ data: from });
  const patient = await aPatientOf(old);
  const key = "moved-key";
  const written = await patient.put("notes/a.md", { content: "once\n", key });
  using before = await cloneOf(old, patient.id);
  const log = await before.git("log", "--format=%H %T %an %at %ct");
  expect(await old.stop()).toBe(0);

  await using aws = await startAwsService(1);
  expect(await runCopy(from, "aws", aws.environment)).toEqual(succeeded);
  // The same issuer and signing key: what a deployment has from its settings.
  const data = join(root.path, "identity");
  await mkdir(data);
  for (const name of ["issuer.json", "signing-key.pem"]) await cp(join(from, name), join(data, name));
  await using moved = await startService({ data, env: aws.environment });
  using after = await cloneOf(moved, patient.id, ["-c", "transfer.fsckObjects=true"]);
  expect(await after.git("log", "--format=%H %T %an %at %ct")).toBe(log);
  const put = (path: string, content: string, idempotencyKey: string) =>
    moved.request("PUT", `/v1/patients/${patient.id}/files/${path}`, {
      headers: { "content-type": "text/markdown", prefer: "wait=20", "if-none-match": "*" },
      body: content,
      key: idempotencyKey,
    });
  const replayed = await put("notes/a.md", "once\n", key);
  expect([replayed.status, replayed.json.id]).toEqual([201, written.json.id]);
  expect((await put("notes/b.md", "new\n", "new-key")).status).toBe(201);
  await after.git("pull", "-q");
  expect(await after.operationIds()).toHaveLength(3);
  const down = await runCopy("aws", from, aws.environment);
  expect([down.code, down.stdout]).toEqual([0, expect.stringMatching(/^1 patient: 1 copied, .* 1 operation and/)]);
});
