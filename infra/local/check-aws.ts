import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { TableName } from "../../functions/adapters/table-definitions.ts";
import { awsClients, type AwsClients } from "../../functions/aws-clients.ts";
import { credentialsProblem, noAnswer, noRegion, problemOf, tableMismatch, type Thing } from "./aws-problems.ts";
import type { AwsSettings } from "./aws-settings.ts";

/** What to do about a thing that does not exist. */
const makeIt = "make it with `npm run deploy` (AWS) or `npm run start:localstack`, or correct its name.";

/** A thing, and one look at it: resolves to what is wrong with it, though it is there. */
interface Look extends Thing {
  readonly look: () => Promise<string | undefined>;
}

const looksAt = ({ names }: AwsSettings, isRestored: boolean, { dynamo, sqs, s3 }: AwsClients): readonly Look[] => {
  const lookAtTable = async (table: TableName, TableName: string) => {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    return tableMismatch(table, Table, isRestored);
  };
  const tables = (Object.entries(names.tables) as [TableName, string][]).map(([table, TableName]) => ({
    what: `The table ${TableName}`,
    right: "dynamodb:DescribeTable",
    look: () => lookAtTable(table, TableName),
  }));
  const queues = [names.queueUrl, names.deadLetterQueueUrl].map((QueueUrl) => ({
    what: `The queue ${QueueUrl}`,
    right: "sqs:GetQueueAttributes",
    look: async () => void (await sqs.send(new GetQueueAttributesCommand({ QueueUrl }))),
  }));
  const bucket = {
    what: `The bucket ${names.bucket}`,
    right: "s3:ListBucket",
    look: async () => void (await s3.send(new HeadBucketCommand({ Bucket: names.bucket }))),
  };
  return [...tables, ...queues, bucket];
};

/** What no call can do without; undefined when it is there. */
const missingForAll = async ({ dynamoOnce: { config } }: AwsClients): Promise<string | undefined> => {
  try {
    await config.region();
  } catch {
    return noRegion;
  }
  try {
    await config.credentials();
  } catch (cause) {
    return (
      credentialsProblem(cause) ??
      problemOf({ what: "The provider of AWS credentials", right: "sts:AssumeRole" }, cause, makeIt)
    );
  }
  return undefined;
};

/** Looks at everything; what every look would say is said once. */
const lookAtAll = async (
  looks: readonly Look[],
  { where, remedy }: { readonly where: string; readonly remedy: string },
): Promise<readonly string[]> => {
  const outcomes = await Promise.all(
    looks.map(async (thing) => {
      try {
        return { problem: await thing.look() };
      } catch (cause) {
        return { cause, problem: problemOf(thing, cause, remedy) };
      }
    }),
  );
  const causes = outcomes.map(({ cause }) => cause);
  const credentials = causes.map(credentialsProblem).find((problem) => problem !== undefined);
  if (credentials !== undefined) return [credentials];
  const codes = causes.map(noAnswer);
  if (!codes.includes(undefined)) return [`AWS cannot be reached ${where} (${[...new Set(codes)].join(", ")}).`];
  return [...new Set(outcomes.flatMap(({ problem }) => problem ?? []))];
};

/**
 * What hinders the AWS engine, one line each; empty when nothing does. `restoreIt`: of tables that were restored, which need
 * no indexes to be copied from, what to do when one does not exist.
 */
export const missingInAws = async (settings: AwsSettings, restoreIt?: string): Promise<readonly string[]> => {
  const { endpoint } = settings;
  const clients = awsClients(endpoint === undefined ? {} : { endpoint });
  try {
    const problem = await missingForAll(clients);
    if (problem !== undefined) return [problem];
    const where = endpoint === undefined ? `in ${await clients.dynamoOnce.config.region()}` : `at ${endpoint}`;
    return await lookAtAll(looksAt(settings, restoreIt !== undefined, clients), { where, remedy: restoreIt ?? makeIt });
  } finally {
    clients.close();
  }
};
