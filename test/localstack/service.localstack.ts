import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aFolder, type Tamper } from "../support/engines.ts";
import { startAwsService } from "../support/aws-service.ts";
import { aPatientOf, cloneOf, sideBySide } from "../support/clinic.ts";
import { editTogether, sendOneKey } from "../support/contended-writes.ts";
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

test("one key sent 120 times from 12 clients, across a restart, is one operation and one commit", async () => {
  await using aws = await startAwsService();
  const { seen, statuses, history } = await sendOneKey(aws.service, { clients: 12, times: 5 });
  expect(statuses).toEqual([201]);
  expect(seen).toHaveLength(1);
  expect(history).toEqual(seen);
});

test("every guarded edit of one file by 10 clients that ended committed is in the history once, and no other", async () => {
  await using aws = await startAwsService();
  const { unexpected, committed, history } = await editTogether(aws.service, { clients: 10, times: 3 });
  expect(unexpected).toEqual([]);
  expect(history).toHaveLength(10 * 3 + 2);
  expect(history).toEqual(committed);
});

test("while one patient's writer holds the lease, others' updates are done, and its own after", async () => {
  await using aws = await startAwsService();
  const { service, tamper } = aws;
  const [held, ...free] = await sideBySide(5, () => aPatientOf(service));
  // Longer than anybody here waits for an answer, and not so long that it is taken for that of a wrong clock.
  await tamper.setLease(held!.id, "another-writer", 38_000);
  const waiting = await held!.put("notes/a.md", { prefer: "respond-async" });
  expect(waiting.status).toBe(202);
  const stateOf = async (): Promise<string> =>
    (await service.request("GET", `/v1/operations/${waiting.json.id}`)).json.state;
  const done = await Promise.all(free.map(({ put }) => put("notes/a.md")));
  expect(done.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(await stateOf()).toBe("queued");
  await tamper.setLease(held!.id, "another-writer", -1);
  // It was put off by 16 s at most until now.
  await expect.poll(stateOf, { timeout: 60_000, interval: 500 }).toBe("committed");
});

/** Looks at the patients' leases again and again: who held each, in order, and whether several were held at one time. */
const watchLeases = (tamper: Tamper, patientIds: readonly string[]) => {
  const owners = patientIds.map((): string[] => []);
  const seen = { sideBySide: false, stopped: false };
  const look = async (): Promise<void> => {
    while (!seen.stopped) {
      const held = await Promise.all(patientIds.map((id) => tamper.leaseOwner(id)));
      for (const [n, owner] of held.entries())
        if (owner !== null && owners[n]!.at(-1) !== owner) owners[n]!.push(owner);
      seen.sideBySide ||= held.filter((owner) => owner !== null).length > 1;
    }
  };
  const looking = look();
  const stop = async () => {
    seen.stopped = true;
    await looking;
  };
  return { owners, seen, stop };
};

/** Rounds of updates in which both workers have had work long since. */
const mostRounds = 40;

test("two workers share the patients: both take work, patients go on side by side, each has one writer at a time", async () => {
  await using aws = await startAwsService();
  const { service, engine } = aws;
  const patients = await sideBySide(6, () => aPatientOf(service));
  const sent = patients.map(({ create }): string[] => [create.json.id]);
  const leases = watchLeases(
    aws.tamper,
    patients.map(({ id }) => id),
  );
  const workers = () =>
    new Set(service.logs().flatMap(({ event, source }) => (event === "record.changed" ? source : [])));
  for (let round = 0; round < mostRounds && !(workers().size === 2 && leases.seen.sideBySide); round++) {
    const send = async ({ put }: (typeof patients)[number], n: number) => {
      for (const name of ["a", "b", "c"])
        sent[n]!.push((await put(`notes/${round}-${name}.md`, { prefer: "respond-async" })).json.id);
    };
    await Promise.all(patients.map(send));
    for (let turn = 0; turn < 240; turn++) {
      const rows = await engine.operations.get(sent.map((ids) => ids.at(-1)!));
      if (rows.every((row) => row?.state === "committed")) break;
      await sleep(100);
    }
  }
  await leases.stop();
  expect([...workers()].toSorted()).toEqual(["worker-1", "worker-2"]);
  expect(leases.seen.sideBySide).toBe(true);
  // A writer's name is its own: one that comes again after another's would have written beside it.
  for (const owners of leases.owners) expect(owners).toHaveLength(new Set(owners).size);
  for (const [n, { id }] of patients.entries()) {
    using clone = await cloneOf(service, id);
    expect(await clone.operationIds()).toEqual(sent[n]);
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
