import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";
import type { Engine } from "../shared/ports.ts";
import { awsIntake } from "./adapters/aws-intake.ts";
import { calling } from "./adapters/aws-faults.ts";
import type { AwsStore } from "./adapters/aws-store.ts";
import { dynamoEffects } from "./adapters/dynamo-effects.ts";
import { dynamoHeads } from "./adapters/dynamo-heads.ts";
import { dynamoOperations } from "./adapters/dynamo-operations.ts";
import { dynamoPayloads } from "./adapters/dynamo-payloads.ts";
import { dynamoSummaries } from "./adapters/dynamo-summaries.ts";
import { s3Segments } from "./adapters/s3-segments.ts";
import { sqsOperationQueue } from "./adapters/sqs-operation-queue.ts";
import { awsClients } from "./aws-clients.ts";
import { writePathDefaults } from "./config.ts";

/** Names as deployed; the rest has the values of production. */
export type AwsEngineOptions = Pick<AwsStore, "names"> & Partial<AwsStore & Engine["limits"]>;

/** S3 charges for each request and not for its bytes: a tail is rewritten until it is larger than on the embedded engine. */
const limits: Engine["limits"] = { tailBytes: 49_152, sealedPacks: 16 };

/** A read of an item that need not be there: cheap, and allowed to every function that reads heads. */
const ping = async ({ clients, names }: AwsStore): Promise<void> => {
  const get = new GetCommand({ TableName: names.tables.heads, Key: { id: "ping" } });
  await calling("GetItem heads", () => clients.dynamo.send(get));
};

const storeOf = (options: AwsEngineOptions): AwsStore => ({
  clients: options.clients ?? awsClients(),
  names: options.names,
  now: options.now ?? Date.now,
  random: options.random ?? Math.random,
  newId: options.newId ?? randomUUID,
  leaseMs: options.leaseMs ?? writePathDefaults.leaseMs,
  visibilityS: options.visibilityS ?? writePathDefaults.visibilityS,
  maxReceiveCount: options.maxReceiveCount ?? writePathDefaults.maxReceiveCount,
  reach: options.reach ?? (() => {}),
});

/** The engine on DynamoDB, SQS and S3. Closing it closes its clients. */
export const openAwsEngine = (options: AwsEngineOptions): Engine => {
  const { tailBytes = limits.tailBytes, sealedPacks = limits.sealedPacks } = options;
  const store = storeOf(options);
  const queue = sqsOperationQueue(store);
  return {
    heads: dynamoHeads(store),
    operations: dynamoOperations(store),
    intake: awsIntake(store, queue),
    payloads: dynamoPayloads(store),
    queue,
    segments: s3Segments(store),
    summaries: dynamoSummaries(store),
    effects: dynamoEffects(store),
    limits: { tailBytes, sealedPacks },
    ping: () => ping(store),
    close: async () => store.clients.close(),
  };
};
