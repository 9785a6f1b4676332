import { hash, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { drain } from "../../functions/drain.ts";
import { writePathDefaults } from "../../functions/config.ts";
import { localStackClients, openAwsOn } from "../support/aws-engine.ts";
import { copyRecord } from "../support/copy-record.ts";
import { openSqlite } from "../support/engines.ts";
import { faulty } from "../support/faulty-aws.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "../support/write-path.ts";

/** Limits of the AWS engine: the embedded one makes the same segments with them. */
const limits = { tailBytes: 49_152, sealedPacks: 16 };

const contentOf = (n: number): string => `note ${n}\n`;

const blobIdOf = (content: string): string => hash("sha1", `blob ${content.length}\0${content}`);

/** A record of so many commits, of 50 files that change in turn, made where that is quick. */
const aLongRecord = async (commits: number) => {
  const under = await openSqlite({ ...limits, maxReceiveCount: 1_000 });
  const path = await openWritePath(under);
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  for (let n = 1; n < commits; n += 1) {
    const before = n > 50 ? blobIdOf(contentOf(n - 50)) : null;
    await path.submit(patientId, putCommand(`notes/${n % 50}.md`, contentOf(n), before));
    if (n % 32 === 0 || n === commits - 1) await path.deliverAll();
  }
  expect((await under.engine.heads.read(patientId))?.commits).toBe(commits);
  return { engine: under.engine, patientId };
};

const countsOf = (calls: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
};

const submitMany = async (path: WritePath, patientId: string, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1)
    ids.push((await path.submit(patientId, putCommand(`notes/${randomUUID()}.md`, "x\n"))).id);
  return ids;
};

const submitted = { "PutItem operations": 1, SendMessage: 1 };

const committed = {
  ReceiveMessage: 1,
  "UpdateItem heads": 1,
  "BatchGetItem operations": 1,
  PutObject: 1,
  TransactWriteItems: 1,
  DeleteMessageBatch: 1,
};

const drained = { "BatchGetItem operations": 1, "Query effects": 1 };

test.for([10, 1_000, 20_000])("a batch at commit %i makes the requests that 02 and 03 allow", async (commits) => {
  const source = await aLongRecord(commits);
  const injector = faulty(localStackClients());
  await using under = await openAwsOn(injector.clients, { ...writePathDefaults });
  const { patientId } = source;
  await copyRecord(source.engine, { engine: under.engine, clients: injector.clients, names: under.names }, patientId);
  const path = await openWritePath(under);
  const requestsOf = async (work: () => Promise<unknown>) => {
    const from = injector.calls.length;
    await work();
    return countsOf(injector.calls.slice(from));
  };
  const deliverOnce = async () => void (await path.run(await path.engine.queue.receive(10)));
  let cold = true;
  for (const batch of [1, 1, 10]) {
    let ids: string[] = [];
    const submits = await requestsOf(async () => {
      ids = await submitMany(path, patientId, batch);
    });
    const times = (counts: Record<string, number>) =>
      Object.fromEntries(Object.entries(counts).map(([call, count]) => [call, count * batch]));
    expect(submits).toEqual(times(submitted));
    const { GetObject = 0, ...commit } = await requestsOf(deliverOnce);
    expect(commit).toEqual(committed);
    expect(GetObject).toBeLessThanOrEqual(cold ? 2 : 0);
    cold = false;
    const {
      DeleteObjects = 0,
      "BatchWriteItem effects": done = 0,
      ...drains
    } = await requestsOf(() => drain(path.deps, ids));
    expect(drains).toEqual(drained);
    expect(DeleteObjects).toBeLessThanOrEqual(1);
    expect(done).toBe(DeleteObjects);
    const states = (await path.engine.operations.get(ids)).map((row) => row?.state);
    expect(new Set(states)).toEqual(new Set(["committed"]));
  }
});
