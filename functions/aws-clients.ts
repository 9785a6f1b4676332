import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/** The SDK's clients of one process: built once, where the functions are composed, and given to the adapters. */
export interface AwsClients {
  readonly dynamo: DynamoDBDocumentClient;
  /** Tries once: for a write whose repeat the SDK must not decide. */
  readonly dynamoOnce: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  close(): void;
}

export interface AwsClientOptions {
  /** Absent: from the environment, as the SDK finds it. */
  readonly region?: string;
  /** Absent: AWS itself. LocalStack and the like: one address for all services. */
  readonly endpoint?: string;
}

/**
 * How often a call is tried in all. A batch has 15 s before its time-out: three tries of a store that hangs, with the
 * SDK's jittered pauses in between, still leave the time to give the messages back with a delay of our own (02), which is
 * what really waits for a store to recover.
 */
const mostTries = 3;

/**
 * Time-outs, ms. DynamoDB and SQS answer in tens of milliseconds, S3 in hundreds for a segment of 8 MB: an answer that
 * takes longer is lost. `throwOnRequestTimeout`: without it the SDK only warns.
 */
const timeouts = { connectionTimeout: 1_000, throwOnRequestTimeout: true } as const;
const smallCall = { ...timeouts, requestTimeout: 2_500 };
const segmentCall = { ...timeouts, requestTimeout: 5_000 };

/**
 * Connections stay open between calls and invocations: a TLS handshake costs more than the call. As many as two batches
 * of ten patients use at once, with room; the SDK's own 50 would make a busy worker wait for itself.
 */
const agent = { keepAlive: true, maxSockets: 128 } as const;
const reuse = { httpAgent: agent, httpsAgent: agent } as const;

/**
 * The clients, with retries, time-outs and connection reuse set on purpose:
 * - What may be repeated is repeated by the SDK (`standard` mode: jittered back-off, and a budget, so that a store that is
 *   down is not hammered). Reads, deletions, and puts of immutable objects are; so are conditional updates, whose condition
 *   fails on a repeat that came late, which the write path takes as "someone moved it" and reads again.
 * - A settle is tried once by the SDK. Whether a try that got no answer has landed decides what is true, so the adapter
 *   tells "refused, nothing written" (tried again) from "unknown" (reported; the write path acquires first and then reads).
 */
export const awsClients = ({ region, endpoint }: AwsClientOptions = {}): AwsClients => {
  const common = { ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) };
  const retrying = { ...common, retryMode: "standard", maxAttempts: mostTries } as const;
  const dynamo = new DynamoDBClient({ ...retrying, requestHandler: { ...reuse, ...smallCall } });
  const { requestHandler } = dynamo.config;
  const dynamoOnce = new DynamoDBClient({ ...common, maxAttempts: 1, requestHandler });
  // The SQS client would follow the host of the queue's URL, past the endpoint it was given.
  const ownEndpoint = endpoint === undefined ? {} : { useQueueUrlAsEndpoint: false };
  const sqs = new SQSClient({ ...retrying, ...ownEndpoint, requestHandler: { ...reuse, ...smallCall } });
  const pathStyle = endpoint !== undefined;
  const s3 = new S3Client({ ...retrying, forcePathStyle: pathStyle, requestHandler: { ...reuse, ...segmentCall } });
  return {
    dynamo: DynamoDBDocumentClient.from(dynamo),
    dynamoOnce: DynamoDBDocumentClient.from(dynamoOnce),
    sqs,
    s3,
    close: () => {
      for (const client of [dynamo, dynamoOnce, sqs, s3]) client.destroy();
    },
  };
};
