import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, HeadBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { setTimeout as sleep } from "node:timers/promises";
import { isNamed } from "../../functions/adapters/aws-faults.ts";
import {
  type AwsNames,
  type TableDefinition,
  tableDefinitions,
  type TableName,
} from "../../functions/adapters/table-definitions.ts";
import type { AwsClients } from "../../functions/aws-clients.ts";

/** What SQS is told when a queue is made. */
export interface QueueTimes {
  readonly visibilityS: number;
  readonly maxReceiveCount: number;
}

const tableNames = Object.keys(tableDefinitions) as TableName[];

/** Names of an installation's tables, all beginning alike. */
const tablesOf = (prefix: string): AwsNames["tables"] =>
  Object.fromEntries(tableNames.map((name) => [name, `${prefix}-${name}`])) as AwsNames["tables"];

const keySchema = (partitionKey: string, sortKey: string | undefined): CreateTableCommandInput["KeySchema"] => [
  { AttributeName: partitionKey, KeyType: "HASH" },
  ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: "RANGE" as const }]),
];

const tableInput = (
  TableName: string,
  { partitionKey, sortKey, indexes }: TableDefinition,
): CreateTableCommandInput => {
  const keys = new Set([partitionKey, sortKey, ...indexes.flatMap((index) => [index.partitionKey, index.sortKey])]);
  const GlobalSecondaryIndexes = indexes.map(({ name, include, ...index }) => ({
    IndexName: name,
    KeySchema: keySchema(index.partitionKey, index.sortKey),
    Projection:
      include.length === 0
        ? { ProjectionType: "KEYS_ONLY" as const }
        : { ProjectionType: "INCLUDE" as const, NonKeyAttributes: [...include] },
  }));
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema(partitionKey, sortKey),
    AttributeDefinitions: [...keys].flatMap((name) =>
      name === undefined ? [] : [{ AttributeName: name, AttributeType: "S" as const }],
    ),
    ...(GlobalSecondaryIndexes.length > 0 && { GlobalSecondaryIndexes }),
  };
};

const tableState = async (dynamo: DynamoDBClient, TableName: string): Promise<string> => {
  try {
    return (await dynamo.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus ?? "none";
  } catch (cause) {
    if (isNamed(cause, "ResourceNotFoundException")) return "none";
    throw cause;
  }
};

const pollMs = 200;
const mostPolls = 300;

const makeTable = async (dynamo: DynamoDBClient, name: string, definition: TableDefinition): Promise<void> => {
  try {
    await dynamo.send(new CreateTableCommand(tableInput(name, definition)));
  } catch (cause) {
    if (!(cause instanceof ResourceInUseException)) throw cause;
  }
  for (let n = 0; n < mostPolls; n += 1) {
    if ((await tableState(dynamo, name)) === "ACTIVE") return;
    await sleep(pollMs);
  }
  throw new Error(`the table ${name} does not become active`);
};

/** A queue that is there keeps its settings. */
const makeQueue = async (sqs: SQSClient, QueueName: string, Attributes: Record<string, string>): Promise<string> => {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? "";
  } catch (cause) {
    if (!isNamed(cause, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")) throw cause;
  }
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? "";
};

/** 14 days, as long as SQS keeps a message. */
const retention = { MessageRetentionPeriod: String(14 * 24 * 60 * 60) };

const fifo = {
  FifoQueue: "true",
  DeduplicationScope: "messageGroup",
  FifoThroughputLimit: "perMessageGroupId",
  ...retention,
};

const makeQueues = async (
  sqs: SQSClient,
  prefix: string,
  { visibilityS, maxReceiveCount }: QueueTimes,
): Promise<Pick<AwsNames, "queueUrl" | "deadLetterQueueUrl">> => {
  const common = { ...fifo, VisibilityTimeout: String(visibilityS) };
  const deadLetterQueueUrl = await makeQueue(sqs, `${prefix}-dead.fifo`, common);
  const arn = new GetQueueAttributesCommand({ QueueUrl: deadLetterQueueUrl, AttributeNames: ["QueueArn"] });
  const deadLetterTargetArn = (await sqs.send(arn)).Attributes?.["QueueArn"];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
  const queueUrl = await makeQueue(sqs, `${prefix}-operations.fifo`, { ...common, RedrivePolicy });
  return { queueUrl, deadLetterQueueUrl };
};

const makeBucket = async (s3: S3Client, Bucket: string): Promise<void> => {
  try {
    await s3.send(new HeadBucketCommand({ Bucket }));
  } catch (cause) {
    if (!isNamed(cause, "NotFound", "NoSuchBucket")) throw cause;
    await createBucket(s3, Bucket);
  }
};

/** A try that got no answer may have made it. */
const createBucket = async (s3: S3Client, Bucket: string): Promise<void> => {
  try {
    await s3.send(new CreateBucketCommand({ Bucket }));
  } catch (cause) {
    if (!isNamed(cause, "BucketAlreadyOwnedByYou")) throw cause;
  }
};

/** Makes the tables, queues and bucket of an installation that are not there yet. For LocalStack: AWS gets them by CDK. */
export const makeAwsResources = async (
  { dynamo, sqs, s3 }: AwsClients,
  prefix: string,
  times: QueueTimes,
): Promise<AwsNames> => {
  const tables = tablesOf(prefix);
  const bucket = `${prefix}-segments`;
  await makeBucket(s3, bucket);
  for (const name of tableNames) await makeTable(dynamo, tables[name], tableDefinitions[name]);
  return { tables, bucket, ...(await makeQueues(sqs, prefix, times)) };
};
