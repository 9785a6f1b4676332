import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { writePathDefaults } from "../../functions/config.ts";
import { chargesOf, type Charge } from "../support/aws-charges.ts";
import { localStackClients, localStackEndpoint, openAwsOn } from "../support/aws-engine.ts";
import { writeSection } from "../support/cost-docs.ts";
import { copyRecord } from "../support/copy-record.ts";
import { aLongRecord, aRecordToCompact, openFunctions, putPast } from "../support/counted-updates.ts";
import { bytesOf, countsOf, toldUnits, type Counts } from "../support/counts.ts";
import { addUnits, storedBytes, type Units } from "../support/dynamo-units.ts";

/** What `npm run cost` computes with. `CASENOTES_COUNTS=write` writes what was counted instead of comparing it. */
const file = new URL("../../infra/aws/cost/request-counts.json", import.meta.url);
const writes = process.env["CASENOTES_COUNTS"] === "write";
const kept = writes ? {} : (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>);
const counted: Record<string, unknown> = {};

afterAll(() => {
  if (!writes) return;
  const about = "Written by test/localstack/costs.localstack.ts: see docs/performance.md, Requests and dollars.";
  const inOrder = Object.entries(counted).toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ about, ...Object.fromEntries(inOrder) }, null, 2)}\n`);
  writeSection();
});

/** Rows of its past that counting a patient's open operations meets at most. */
const mostPast = 200;

/** A record on LocalStack, updated once so that all its rows are there, and the functions that update it. */
const openRecord = async (source: Awaited<ReturnType<typeof aLongRecord>>) => {
  const { patientId } = source;
  const [clients, plain] = [localStackClients(), localStackClients()];
  const under = await openAwsOn(clients, { ...writePathDefaults });
  await copyRecord(source.engine, { engine: under.engine, clients: plain, names: under.names }, patientId);
  await putPast(plain, under, { patientId, rows: Math.min(source.commits - 1, mostPast) });
  const { charges, close } = chargesOf(clients, localStackEndpoint());
  let functions = await openFunctions(under, patientId);
  let next = source.commits;
  const run = async (batch: number) => {
    const from = charges.length;
    const ids: string[] = [];
    for (let n = 0; n < batch; n += 1, next += 1) ids.push(await functions.update(next));
    await functions.commit();
    await functions.follow(ids);
    if (charges.slice(from).some(({ writeUnits }) => (writeUnits["effects"] ?? 0) > 0)) await functions.sendEffects();
    const caused = charges.slice(from);
    const states = (await under.engine.operations.get(ids)).map((row) => row?.state);
    expect(new Set(states)).toEqual(new Set(["committed"]));
    return { ids, charges: caused };
  };
  await run(1);
  return {
    patientId,
    run,
    coldStart: async () => void (functions = await openFunctions(under, patientId)),
    /** What some work of the functions is charged for. */
    chargesOf: async (work: (of: typeof functions) => Promise<unknown>) => {
      const from = charges.length;
      await work(functions);
      return charges.slice(from);
    },
    stored: async (table: TableName, id: string) => {
      const get = new GetCommand({ TableName: under.names.tables[table], Key: { id }, ConsistentRead: true });
      return storedBytes(tableDefinitions[table], (await plain.dynamo.send(get)).Item ?? {});
    },
    segmentBytes: async () => (await under.engine.segments.list(patientId)).reduce((sum, { bytes }) => sum + bytes, 0),
    [Symbol.asyncDispose]: async () => {
      close();
      await under[Symbol.asyncDispose]();
      await source.close();
    },
  };
};

/** DynamoDB documents how it counts; the engine of LocalStack tells its own count: they must agree, call by call. */
const expectAgreement = (charges: readonly Charge[]): void => {
  for (const charge of charges) {
    if (charge.told === undefined) continue;
    expect({ call: charge.call, units: addUnits([charge.writeUnits, charge.readUnits]) }).toEqual({
      call: charge.call,
      units: toldUnits(charge),
    });
  }
};

/** What is written down; when writing, what was just counted. */
const keptOf = <T>(name: string, value: T): T => {
  counted[name] = value;
  return writes ? value : (kept[name] as T);
};

test.for([10, 1_000, 20_000])(
  "a batch at commit %i costs what is written down",
  { timeout: 300_000 },
  async (commits) => {
    await using record = await openRecord(await aLongRecord(commits));
    for (const batch of [1, 10])
      for (const start of ["cold", "warm"]) {
        if (start === "cold") await record.coldStart();
        const { charges } = await record.run(batch);
        expectAgreement(charges);
        expect(countsOf(charges)).toEqual(keptOf(`commit ${commits}, batch ${batch}, ${start}`, countsOf(charges)));
      }
  },
);

const sum = (units: Units): number => Object.values(units).reduce((all, one) => all + one, 0);

/** Sums for one update, which do not depend on where the seals fall. */
const perUpdateOf = ({
  updates,
  ...of
}: Counts & Record<"updates" | "putBytesPerUpdate" | "keptBytesPerUpdate", number>) => {
  const { putBytesPerUpdate, keptBytesPerUpdate } = of;
  const perUpdate: Record<string, number> = { putBytesPerUpdate, keptBytesPerUpdate };
  for (const kind of ["requests", "writeUnits", "readUnits"] as const) perUpdate[kind] = sum(of[kind]) / updates;
  return perUpdate;
};

const isSeal = (charges: readonly Charge[]): boolean => charges.some(({ call }) => call === "DeleteObjects");

test.for([1, 10])(
  "updates in batches of %i cost what is written down, from seal to seal",
  { timeout: 300_000 },
  async (batch) => {
    await using record = await openRecord(await aLongRecord(1_000));
    const untilSeal = async () => {
      const all: Charge[] = [];
      for (let batches = 1; ; batches += 1) {
        const { charges, ids } = await record.run(batch);
        all.push(...charges);
        if (isSeal(charges)) return { all, updates: batches * batch, id: ids[0]! };
      }
    };
    await untilSeal();
    const before = await record.segmentBytes();
    const { all, updates, id } = await untilSeal();
    const keptBytes = (await record.segmentBytes()) - before;
    const perUpdate = (bytes: number): number => Math.round(bytes / updates);
    const cycle = {
      updates,
      ...countsOf(all),
      putBytesPerUpdate: perUpdate(bytesOf(all, "PutObject")),
      keptBytesPerUpdate: perUpdate(keptBytes),
      operationBytes: await record.stored("operations", id),
      patientBytes:
        (await record.stored("heads", record.patientId)) + (await record.stored("summaries", record.patientId)),
    };
    const written = keptOf(`from seal to seal, batch ${batch}`, cycle);
    expect(Object.keys(cycle.requests)).toEqual(Object.keys(written.requests));
    // A pack's size varies by some bytes with the ids in it, so a seal may come one batch sooner.
    const [now, then] = [perUpdateOf(cycle), perUpdateOf(written)];
    for (const [name, count] of Object.entries(now)) expect.soft(count / (then[name] ?? 0)).toBeCloseTo(1, 1);
  },
);

test("a compaction costs what is written down", async () => {
  await using record = await openRecord(await aRecordToCompact());
  const charges = await record.chargesOf(async ({ compact, sendEffects }) => {
    await compact();
    await sendEffects();
  });
  expectAgreement(charges);
  const counts = countsOf(charges);
  expect(counts).toEqual(keptOf("compaction of 17 segments", counts));
});

test("a minute and a patient at rest, and a read, cost what is written down", async () => {
  await using record = await openRecord(await aLongRecord(1_000));
  const day = await record.chargesOf(async ({ collect, compact }) => {
    await collect();
    await compact();
  });
  const minute = await record.chargesOf(({ idleMinute }) => idleMinute());
  await record.coldStart();
  const cold = await record.chargesOf(({ read }) => read(960));
  expectAgreement([...day, ...minute, ...cold]);
  const counts = {
    "collect and compact, of a patient at rest": countsOf(day),
    "sweep of an idle minute": countsOf(minute),
    "read of a file": countsOf(cold),
  };
  for (const [name, one] of Object.entries(counts)) expect({ [name]: one }).toEqual({ [name]: keptOf(name, one) });
});
