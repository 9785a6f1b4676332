import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { isNamed } from "../../functions/adapters/aws-faults.ts";
import { awsClients } from "../../functions/aws-clients.ts";
import type { AwsSettings } from "./aws-settings.ts";

/** One look at each thing the engine works on, by what to call it. */
const looksAt = ({ names, endpoint }: AwsSettings) => {
  const clients = awsClients(endpoint === undefined ? {} : { endpoint });
  const { dynamoOnce, sqs, s3 } = clients;
  const looks = new Map<string, () => Promise<unknown>>();
  for (const TableName of Object.values(names.tables))
    looks.set(`The table ${TableName}`, () => dynamoOnce.send(new DescribeTableCommand({ TableName })));
  for (const QueueUrl of [names.queueUrl, names.deadLetterQueueUrl])
    looks.set(`The queue ${QueueUrl}`, () => sqs.send(new GetQueueAttributesCommand({ QueueUrl })));
  looks.set(`The bucket ${names.bucket}`, () => s3.send(new HeadBucketCommand({ Bucket: names.bucket })));
  return { looks, close: clients.close };
};

const missing = ["ResourceNotFoundException", "QueueDoesNotExist", "NotFound", "NoSuchBucket"];

const credentials = [
  "CredentialsProviderError",
  "ExpiredTokenException",
  "ExpiredToken",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "InvalidSignatureException",
];

const remedy = "make it with `npm run deploy` (AWS) or `npm run start:localstack`, or correct its name.";

const problemOf = (what: string, cause: unknown): string => {
  if (isNamed(cause, ...credentials)) return `The AWS credentials are missing or have expired (${cause.name}).`;
  if (isNamed(cause, ...missing)) return `${what} does not exist: ${remedy}`;
  if (cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED")
    return "Nothing answers at AWS_ENDPOINT_URL.";
  const error = cause instanceof Error ? cause.name : "error";
  return `${what} cannot be used (${error}).`;
};

/** What hinders the AWS engine, one line each; empty when nothing does. */
export const missingInAws = async (settings: AwsSettings): Promise<readonly string[]> => {
  const { looks, close } = looksAt(settings);
  const problems = await Promise.all(
    [...looks].map(async ([what, look]) => {
      try {
        await look();
        return [];
      } catch (cause) {
        return [problemOf(what, cause)];
      }
    }),
  );
  close();
  return [...new Set(problems.flat())];
};
