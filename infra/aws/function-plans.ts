import { writePathDefaults } from "../../functions/config.ts";
import type { FunctionName } from "../../functions/routes.ts";
import type { TableName } from "../../functions/adapters/table-definitions.ts";

/** Every Lambda function of the service. */
export type EntryName =
  | FunctionName
  | "git-stream"
  | "commit"
  | "dead-letters"
  | "drain"
  | "sweep"
  | "collect"
  | "compact";

/** An IAM action of DynamoDB, without its service. `index/` before it: on the table's indexes. */
type TableAction =
  | "GetItem"
  | "BatchGetItem"
  | "Query"
  | "index/Query"
  | "index/Scan"
  | "PutItem"
  | "Scan"
  | "UpdateItem"
  | "DeleteItem"
  | "BatchWriteItem";

export type BucketAction = "get" | "put" | "delete" | "list";

/** One function: how large it is, and all that it may touch. Roles are made from this and nothing else. */
export interface FunctionPlan {
  readonly memoryMb: number;
  readonly timeoutS: number;
  /** Reserved concurrency in production: its share of the account, and its limit. */
  readonly concurrency: number;
  readonly tables: Partial<Readonly<Record<TableName, readonly TableAction[]>>>;
  readonly segments?: readonly BucketAction[];
  /** Sends to the operation queue. */
  readonly sends?: true;
  /** Consumes this queue; `delays`: also hides messages for longer. */
  readonly consumes?: { readonly queue: "operations" | "dead-letters"; readonly delays?: true };
  /** Reads the streams of these tables, of which `pattern` lets through what concerns it. */
  readonly streams?: readonly { readonly table: TableName; readonly pattern: Readonly<Record<string, unknown>> }[];
  /** Runs every so many minutes. */
  readonly everyMinutes?: number;
  /** Reads the signing key. */
  readonly signs?: true;
}

const minute = 60;
const httpTimeoutS = 29;

const readsRecords = { heads: ["GetItem"] } as const;
/** `list`: without it S3 says 403, not 404, of a segment that was merged away, and no reader would look again. */
const readsSegments = ["get", "list"] as const;
const followsOperations = ["BatchGetItem", "GetItem", "index/Query"] as const;

export const functionPlans: Readonly<Record<EntryName, FunctionPlan>> = {
  submit: {
    memoryMb: 1_024,
    timeoutS: httpTimeoutS,
    concurrency: 400,
    tables: {
      ...readsRecords,
      operations: [...followsOperations, "PutItem"],
      payloads: ["PutItem", "DeleteItem", "BatchWriteItem"],
    },
    segments: readsSegments,
    sends: true,
  },
  read: {
    memoryMb: 1_024,
    timeoutS: httpTimeoutS,
    concurrency: 200,
    tables: {
      heads: ["GetItem", "BatchGetItem", "index/Query"],
      summaries: ["GetItem", "BatchGetItem", "index/Query"],
      identifiers: ["GetItem", "BatchGetItem"],
    },
    segments: readsSegments,
  },
  status: {
    memoryMb: 512,
    timeoutS: httpTimeoutS,
    concurrency: 200,
    tables: { operations: [...followsOperations, "index/Scan"] },
  },
  operate: {
    memoryMb: 512,
    timeoutS: httpTimeoutS,
    concurrency: 10,
    tables: { operations: [...followsOperations, "index/Scan", "UpdateItem"] },
    sends: true,
  },
  health: { memoryMb: 512, timeoutS: 10, concurrency: 10, tables: { heads: ["GetItem"] }, signs: true },
  git: {
    memoryMb: 1_024,
    timeoutS: httpTimeoutS,
    concurrency: 20,
    tables: readsRecords,
    segments: readsSegments,
  },
  "git-stream": {
    memoryMb: 1_024,
    timeoutS: 15 * minute,
    concurrency: 20,
    tables: readsRecords,
    segments: readsSegments,
  },
  commit: {
    memoryMb: 1_769,
    timeoutS: writePathDefaults.commitTimeoutMs / 1_000,
    concurrency: 300,
    tables: {
      heads: ["GetItem", "UpdateItem"],
      operations: ["BatchGetItem", "GetItem", "UpdateItem"],
      payloads: ["BatchGetItem", "GetItem"],
      identifiers: ["PutItem", "DeleteItem"],
      summaries: ["PutItem"],
      effects: ["PutItem"],
    },
    segments: ["get", "put", "list"],
    consumes: { queue: "operations", delays: true },
    signs: true,
  },
  "dead-letters": {
    memoryMb: 512,
    timeoutS: 15,
    concurrency: 10,
    tables: { operations: ["UpdateItem"] },
    consumes: { queue: "dead-letters" },
  },
  drain: {
    memoryMb: 512,
    timeoutS: minute,
    concurrency: 20,
    tables: {
      operations: ["BatchGetItem"],
      payloads: ["BatchWriteItem"],
      effects: ["Query", "BatchGetItem", "BatchWriteItem"],
    },
    segments: ["delete"],
    streams: [
      { table: "operations", pattern: { eventName: ["MODIFY"] } },
      { table: "effects", pattern: { eventName: ["INSERT"] } },
    ],
  },
  sweep: {
    memoryMb: 512,
    timeoutS: 5 * minute,
    concurrency: 1,
    tables: {
      operations: ["BatchGetItem", "index/Query", "index/Scan"],
      payloads: ["Scan", "BatchWriteItem"],
      effects: ["Query", "BatchGetItem", "BatchWriteItem"],
    },
    segments: ["delete"],
    sends: true,
    everyMinutes: 1,
  },
  collect: {
    memoryMb: 1_024,
    timeoutS: 15 * minute,
    concurrency: 1,
    tables: { heads: ["GetItem", "UpdateItem", "index/Query"] },
    segments: ["get", "put", "delete", "list"],
    everyMinutes: 60,
  },
  compact: {
    memoryMb: 1_769,
    timeoutS: 15 * minute,
    concurrency: 10,
    tables: { heads: ["GetItem", "UpdateItem", "index/Query"], effects: ["PutItem"] },
    segments: ["get", "put", "list"],
    streams: [
      {
        table: "effects",
        pattern: { eventName: ["INSERT"], dynamodb: { NewImage: { k: { S: ["delete-segments"] } } } },
      },
    ],
    everyMinutes: 24 * 60,
  },
};

export const entryList = Object.keys(functionPlans) as readonly EntryName[];
