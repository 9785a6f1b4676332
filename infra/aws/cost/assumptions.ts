import { functionPlans, type EntryName } from "../function-plans.ts";

/** What is not counted but assumed; docs/performance.md says on what ground. Times in ms. */

/** A month: 365.25 days by twelve. */
export const monthS = 2_629_800;

export const gb = 2 ** 30;

/** Answers of the services within a region. */
const latency = { dynamo: 5, transaction: 10, s3Get: 20, s3Put: 40, sqs: 10 };

/** CPU of an update in the HTTP process and the worker here (docs/performance.md), of a whole core; Lambda's is taken as half as fast. */
const cpu = { submit: 0.5, commit: 0.75, drain: 0.2, read: 0.2, sweep: 2, collect: 0.2, compact: 0.1 };
const slower = 2;

/** Requests that wait for one another. */
const inSequence: Readonly<Record<keyof typeof cpu, Partial<Readonly<Record<keyof typeof latency, number>>>>> = {
  submit: { dynamo: 3, s3Get: 1, sqs: 1 },
  commit: { dynamo: 2, s3Put: 1, transaction: 1 },
  drain: { dynamo: 2 },
  read: { dynamo: 1, s3Get: 1 },
  sweep: { dynamo: 4 },
  collect: { dynamo: 2, s3Put: 1 },
  compact: { dynamo: 1 },
};

/** Lambda gives a whole core with so much memory (Lambda developer guide, "Configure Lambda function memory"). */
const wholeCoreMb = 1_769;

/** GB-seconds of one invocation that does the work of `updates`, and waits `waitMs` for something else. */
export const gbSecondsOf = (name: keyof typeof cpu & EntryName, updates: number, waitMs = 0): number => {
  const { memoryMb } = functionPlans[name];
  const trips = Object.entries(inSequence[name]) as [keyof typeof latency, number][];
  const waits = trips.reduce((sum, [kind, times]) => sum + latency[kind] * times, waitMs);
  const cpuMs = (cpu[name] * updates * slower) / Math.min(1, memoryMb / wholeCoreMb);
  return (memoryMb / 1_024) * ((waits + cpuMs) / 1_000);
};

/** Pauses between the reads of a client that waits (functions/wait-for-change.ts): 50 ms, doubled up to 1 s. */
export const waitMsOf = (polls: number): number => {
  let sum = 0;
  for (let n = 0, pause = 50; n < polls; n += 1, pause = Math.min(pause * 2, 1_000)) sum += pause;
  return sum;
};

/**
 * An event source polls SQS with five long polls at a time, of 20 s each while nothing comes, and cannot go down to two
 * where maximum concurrency is set (Lambda developer guide, "Configuring scaling behavior for SQS event source mappings").
 */
export const idlePolls = { queues: 2, pollers: 5, everyS: 20 };

/** Replaced versions of a segment are kept so long (infra/aws/constructs/segments-bucket.ts). */
export const oldVersionsDays = 40;

/** Bytes of logs: the gateway's line and ours of a request, and what Lambda writes for an invocation (START, END, REPORT). */
export const logBytes = { request: 700, invocation: 450, commit: 250 };

/** Logs are stored compressed. */
export const logCompression = 0.2;

/** Bytes of an answer to the client, with its headers. */
export const answerBytes = 1_200;

/** Where a stage traces, X-Ray takes one request a second and 5 % of the others, of each function ("Configuring sampling rules"). */
export const tracing = { perSecond: 1, share: 0.05 };

/**
 * DynamoDB asks KMS again for the key of a table after 5 minutes for each caller that uses it (developer guide, "DynamoDB
 * encryption at rest: usage notes"), S3 about as often with a bucket key. Callers: table and function pairs in use.
 */
export const kms = { everyS: 300, idlePairs: 4, busyPairs: 20 };

/** A custom metric that is told each minute whatever happens; the other four only when something is wrong. */
export const customMetrics = 1;
