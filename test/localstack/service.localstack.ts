import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aFolder } from "../support/engines.ts";
import { startAwsService } from "../support/aws-service.ts";
import { aPatientOf, cloneOf, sideBySide } from "../support/clinic.ts";
import { runDoctorIn } from "../support/run-doctor.ts";
import { spawnService } from "../support/service.ts";

test("a record is created, changed under guard and cloned with stock git; a stale change is 412", async () => {
  await using aws = await startAwsService(1);
  const { service } = aws;
  const patient = await aPatientOf(service);
  expect(patient.create.status).toBe(201);
  const first = await patient.put("notes/a.md", { content: "one\n" });
  const second = await patient.put("notes/a.md", { content: "two\n", ifMatch: first.json.etag });
  const stale = await patient.put("notes/a.md", { content: "three\n", ifMatch: first.json.etag });
  expect([first.status, second.status, stale.status]).toEqual([201, 200, 412]);
  expect((await patient.read("notes/a.md")).text).toBe("two\n");
  using clone = await cloneOf(service, patient.id, ["-c", "transfer.fsckObjects=true"]);
  await clone.git("fsck", "--strict");
  expect(await clone.operationIds()).toEqual([patient.create.json.id, first.json.id, second.json.id]);
});

test("one key sent 60 times by 12 clients is one operation and one commit", async () => {
  await using aws = await startAwsService();
  const patient = await aPatientOf(aws.service);
  const edit = { content: "only once\n", key: randomUUID() };
  const answers = await sideBySide(12, async () => {
    const seen = [];
    for (let n = 0; n < 5; n++) seen.push(await patient.put("notes/a.md", edit));
    return seen;
  });
  expect(new Set(answers.flat().map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.flat().map(({ json }) => json.id)).size).toBe(1);
  using clone = await cloneOf(aws.service, patient.id);
  expect(await clone.operationIds()).toHaveLength(2);
});

test("every guarded edit of one file by 10 clients that ended committed is in the history once, and no other", async () => {
  await using aws = await startAwsService();
  const patient = await aPatientOf(aws.service);
  const created = await patient.put("notes/shared.md", { content: "start\n" });
  const committed = new Set<string>([patient.create.json.id, created.json.id]);
  const unexpected: number[] = [];
  const edit = async (name: string): Promise<void> => {
    for (;;) {
      const { headers, text } = await patient.read("notes/shared.md");
      const ifMatch = headers.get("etag") ?? "";
      const { status, json } = await patient.put("notes/shared.md", { content: `${text}${name}\n`, ifMatch });
      if (status === 200) return void committed.add(json.id);
      if (status !== 412) unexpected.push(status);
    }
  };
  await sideBySide(10, async (client) => {
    for (let n = 0; n < 3; n++) await edit(`${client}-${n}`);
  });
  expect(unexpected).toEqual([]);
  using clone = await cloneOf(aws.service, patient.id);
  const history = await clone.operationIds();
  expect(history).toHaveLength(32);
  expect(new Set(history)).toEqual(committed);
});

test("while one patient's writer holds the lease, others' updates are done, and its own after", async () => {
  await using aws = await startAwsService();
  const { service, tamper } = aws;
  const [held, ...free] = await sideBySide(5, () => aPatientOf(service));
  await tamper.setLease(held!.id, "another-writer", 6_000);
  const waiting = await held!.put("notes/a.md", { prefer: "respond-async" });
  expect(waiting.status).toBe(202);
  const startedAt = Date.now();
  const done = await Promise.all(free.map(({ put }) => put("notes/a.md")));
  expect(done.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(Date.now() - startedAt).toBeLessThan(5_000);
  const before = await service.request("GET", `/v1/operations/${waiting.json.id}`);
  expect(before.json.state).toBe("queued");
  for (let n = 0; n < 60; n++) {
    const { json } = await service.request("GET", `/v1/operations/${waiting.json.id}`);
    if (json.state === "committed") return;
    await sleep(500);
  }
  throw new Error("the held patient's update was never done");
});

test("of many patients' updates sent at once to two workers, each is one commit, in the order of its patient", async () => {
  await using aws = await startAwsService();
  const { service, engine } = aws;
  const patients = await sideBySide(6, () => aPatientOf(service));
  const sent = await Promise.all(
    patients.map(async ({ put }) => {
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.push((await put(`notes/${n}.md`, { prefer: "respond-async" })).json.id);
      return ids;
    }),
  );
  for (let n = 0; n < 120; n++) {
    const rows = await engine.operations.get(sent.flat());
    if (rows.every((row) => row?.state === "committed")) break;
    await sleep(250);
  }
  for (const [index, { id, create }] of patients.entries()) {
    using clone = await cloneOf(service, id);
    expect(await clone.operationIds()).toEqual([create.json.id, ...sent[index]!]);
  }
});

test("the doctor finds nothing wrong on the AWS engine, with stock git as its second opinion", async () => {
  await using aws = await startAwsService();
  const patients = await sideBySide(3, () => aPatientOf(aws.service));
  for (const { put } of patients) for (let n = 0; n < 3; n++) await put(`notes/${n}.md`);
  const { code, report } = await runDoctorIn(aws.environment, "--json", "--data", aws.service.data);
  expect(report.findings).toEqual([]);
  expect(report.counts).toMatchObject({ patients: 3, commits: 12, operations: 12 });
  expect(code).toBe(0);
});

test("what is not there is named, with the remedy, by service and doctor alike", async () => {
  await using aws = await startAwsService(0);
  const environment = {
    ...aws.environment,
    CASENOTES_TABLE_HEADS: "no-such-table",
    CASENOTES_BUCKET: "no-such-bucket",
  };
  using folder = aFolder();
  const child = spawnService({ env: environment }, folder.path);
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = await once(child, "exit");
  expect(code).toBe(1);
  expect(said).toMatch(/The table no-such-table does not exist: make it with/);
  expect(said).toMatch(/The bucket no-such-bucket does not exist/);
  const doctor = await runDoctorIn(environment);
  expect([doctor.code, doctor.stderr]).toEqual([2, expect.stringContaining("no-such-table does not exist")]);
});
