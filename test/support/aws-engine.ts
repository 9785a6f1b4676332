import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { identifierKey } from "../../functions/adapters/identifier-key.ts";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import { type AwsClients, awsClients } from "../../functions/aws-clients.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { makeAwsResources } from "../../infra/local/aws-resources.ts";
import type { OperationState } from "../../shared/operation.ts";
import type { OperationQueue } from "../../shared/ports.ts";
import type { EngineUnderTest, Tamper } from "./engines.ts";

/** Where LocalStack is; the suite's global set-up starts it. */
export const localStackEndpoint = (): string => {
  const endpoint = process.env["LOCALSTACK_ENDPOINT"];
  if (!endpoint) throw new Error("LOCALSTACK_ENDPOINT is not set: run these tests with `npm run test:localstack`");
  return endpoint;
};

/** LocalStack takes any credentials; the SDK wants some. */
export const localStackEnvironment = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "eu-west-1",
} as const;

export const localStackClients = (endpoint = localStackEndpoint()): AwsClients => {
  Object.assign(process.env, localStackEnvironment);
  return awsClients({ region: localStackEnvironment.AWS_REGION, endpoint });
};

/** Writes of one attribute, or its removal, past the adapters. */
export const tamperWith = ({ dynamo }: AwsClients, { tables }: AwsNames): Tamper => {
  const update = async (TableName: string, id: string, values: Record<string, unknown>): Promise<void> => {
    const set = Object.entries(values).filter(([, value]) => value !== null);
    const removed = Object.keys(values).filter((name) => values[name] === null);
    await dynamo.send(
      new UpdateCommand({
        TableName,
        Key: { id },
        UpdateExpression: [
          ...(set.length > 0 ? [`SET ${set.map(([name]) => `#${name} = :${name}`).join(", ")}`] : []),
          ...(removed.length > 0 ? [`REMOVE ${removed.map((name) => `#${name}`).join(", ")}`] : []),
        ].join(" "),
        ExpressionAttributeNames: Object.fromEntries(Object.keys(values).map((name) => [`#${name}`, name])),
        ...(set.length > 0 && {
          ExpressionAttributeValues: Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
        }),
      }),
    );
  };
  return {
    setHead: (id, commit) => update(tables.heads, id, { c: commit }),
    setEpoch: (id, epoch) => update(tables.heads, id, { e: epoch }),
    setGeneration: (id, generation) => update(tables.heads, id, { g: generation }),
    setLease: (id, owner, ms) => update(tables.heads, id, { lo: owner, lu: Date.now() + ms }),
    leaseOwner: async (id) => {
      const get = new GetCommand({ TableName: tables.heads, Key: { id }, ConsistentRead: true });
      return ((await dynamo.send(get)).Item?.["lo"] ?? null) as string | null;
    },
    setOperation: async (id, { state, attempt }) => {
      const { Item } = await dynamo.send(new GetCommand({ TableName: tables.operations, Key: { id } }));
      const openAs = (one: OperationState): unknown => (state === one ? Item?.["p"] : null);
      await update(tables.operations, id, {
        ...(state && { st: state, q: openAs("queued"), k: openAs("parked") }),
        ...(attempt !== undefined && { at: attempt }),
      });
    },
    setIdentifierOwner: async (identifier, patientId) => {
      const Item = { id: identifierKey(identifier), p: patientId };
      await dynamo.send(new PutCommand({ TableName: tables.identifiers, Item }));
    },
    removeOperation: async (id) => {
      await dynamo.send(new DeleteCommand({ TableName: tables.operations, Key: { id } }));
    },
  };
};

/** LocalStack looks once a second for messages whose time is up. */
const localStackTickMs = 1_100;

/** Lets time pass for real, and as much longer as LocalStack needs to notice a time that is up; never past the next one. */
const watchTimes = (queue: OperationQueue, visibilityMs: number) => {
  const ends: number[] = [];
  const note = async <T>(call: Promise<T>, ms: number): Promise<T> => {
    const answer = await call;
    ends.push(Date.now() + ms);
    return answer;
  };
  const watched: OperationQueue = {
    ...queue,
    receive: (max) => note(queue.receive(max), visibilityMs),
    delay: (receipts, seconds) => note(queue.delay(receipts, seconds), seconds * 1_000),
    deadLetters: { ...queue.deadLetters, receive: (max) => note(queue.deadLetters.receive(max), visibilityMs) },
  };
  const passTime = async (ms: number): Promise<void> => {
    const from = Date.now();
    await sleep(ms);
    const isUp = ends.some((end) => end > from && end <= Date.now());
    const next = Math.min(...ends.filter((end) => end > Date.now()), Number.POSITIVE_INFINITY);
    if (isUp) await sleep(Math.min(localStackTickMs, next - Date.now() - 50));
  };
  return { watched, passTime };
};

const times = { leaseMs: 500, visibilityS: 2, maxReceiveCount: 3 };

/** The AWS engine with tables, queues and a bucket of its own on LocalStack. */
export const openAws = (over: Partial<typeof times> = {}): Promise<EngineUnderTest> =>
  openAwsOn(localStackClients(), over);

export interface AwsUnderTest extends EngineUnderTest {
  readonly names: AwsNames;
}

/** As `openAws`, on clients that the test has its own way with. */
export const openAwsOn = async (clients: AwsClients, over: Partial<typeof times> = {}): Promise<AwsUnderTest> => {
  const { leaseMs, visibilityS, maxReceiveCount } = { ...times, ...over };
  const names = await makeAwsResources(clients, `test-${randomUUID()}`, { visibilityS, maxReceiveCount });
  const engine = openAwsEngine({ clients, names, leaseMs, visibilityS, maxReceiveCount });
  const { watched, passTime } = watchTimes(engine.queue, visibilityS * 1_000);
  return {
    engine: { ...engine, queue: watched },
    names,
    tamper: tamperWith(clients, names),
    leaseMs,
    visibilityMs: visibilityS * 1_000,
    maxReceiveCount,
    now: Date.now,
    passTime,
    [Symbol.asyncDispose]: async () => {
      for (const TableName of Object.values(names.tables))
        await clients.dynamo.send(new DeleteTableCommand({ TableName }));
      for (const QueueUrl of [names.queueUrl, names.deadLetterQueueUrl])
        await clients.sqs.send(new DeleteQueueCommand({ QueueUrl }));
      await engine.close();
    },
  };
};
