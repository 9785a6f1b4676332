import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { DeleteQueueCommand, PurgeQueueCommand } from "@aws-sdk/client-sqs";
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { identifierKey } from "../../functions/adapters/identifier-key.ts";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import { type AwsClients, awsClients } from "../../functions/aws-clients.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { makeAwsResources } from "../../infra/local/aws-resources.ts";
import type { OperationState } from "../../shared/operation.ts";
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

/**
 * The product's clients, but they wait for an answer as long as the test does: one that is late, because the machine is busy,
 * would be a fault, or a write done twice, in tests of what is answered. The faults themselves are put in on purpose.
 */
export const localStackClients = (endpoint = localStackEndpoint()): AwsClients => {
  Object.assign(process.env, localStackEnvironment);
  const clients = awsClients({ region: localStackEnvironment.AWS_REGION, endpoint });
  for (const { config } of [clients.dynamo, clients.dynamoOnce, clients.sqs, clients.s3]) {
    const handler = config.requestHandler as { updateHttpClientConfig(name: string, value: number): void };
    for (const name of ["connectionTimeout", "requestTimeout"]) handler.updateHttpClientConfig(name, 0);
  }
  return clients;
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

/** Nothing runs out while a test is at work, however busy the machine is; a test that waits for an end asks for shorter ones. */
const times = { leaseMs: 60_000, visibilityS: 60, maxReceiveCount: 3 };

/** The AWS engine with tables, queues and a bucket of its own on LocalStack. */
export const openAws = (over: Partial<typeof times> = {}): Promise<EngineUnderTest> =>
  openAwsOn(localStackClients(), over);

export interface AwsUnderTest extends EngineUnderTest {
  readonly names: AwsNames;
  /** Takes all messages out of the queue, those in flight too: what came of them meets nobody who uses it next. */
  emptyQueue(): Promise<void>;
}

/** As `openAws`, on clients that the test has its own way with. */
export const openAwsOn = async (clients: AwsClients, over: Partial<typeof times> = {}): Promise<AwsUnderTest> => {
  const { leaseMs, visibilityS, maxReceiveCount } = { ...times, ...over };
  const names = await makeAwsResources(clients, `test-${randomUUID()}`, { visibilityS, maxReceiveCount });
  const engine = openAwsEngine({ clients, names, leaseMs, visibilityS, maxReceiveCount });
  return {
    engine,
    names,
    emptyQueue: async () => void (await clients.sqs.send(new PurgeQueueCommand({ QueueUrl: names.queueUrl }))),
    tamper: tamperWith(clients, names),
    leaseMs,
    visibilityMs: visibilityS * 1_000,
    maxReceiveCount,
    now: Date.now,
    passTime: (ms) => sleep(ms),
    [Symbol.asyncDispose]: async () => {
      for (const TableName of Object.values(names.tables))
        await clients.dynamo.send(new DeleteTableCommand({ TableName }));
      for (const QueueUrl of [names.queueUrl, names.deadLetterQueueUrl])
        await clients.sqs.send(new DeleteQueueCommand({ QueueUrl }));
      await engine.close();
    },
  };
};
