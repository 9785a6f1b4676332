import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { tableDefinitions, type TableName } from "../../../functions/adapters/table-definitions.ts";
import type { BucketAction, FunctionPlan } from "../function-plans.ts";
import { acknowledge } from "./acknowledge.ts";
import type { PatientQueue } from "./patient-queue.ts";
import type { ServiceFunction } from "./service-function.ts";

/** What the plans' words stand for. */
export interface Resources {
  readonly tables: Readonly<Record<TableName, Table>>;
  readonly bucket: Bucket;
  readonly key: IKey;
  readonly queue: PatientQueue;
  readonly signingKey: ISecret;
}

const bucketActions: Readonly<Record<BucketAction, string>> = {
  get: "s3:GetObject",
  put: "s3:PutObject",
  delete: "s3:DeleteObject",
  list: "s3:ListBucket",
};

/** Gives a function exactly what its plan says. */
export const grantPlan = (target: ServiceFunction, plan: FunctionPlan, resources: Resources): void => {
  grantTables(target, plan, resources);
  grantSegments(target, plan, resources);
  grantQueues(target, plan, resources);
  grantKey(target, plan, resources);
  if (plan.signs) target.allow(["secretsmanager:GetSecretValue"], [resources.signingKey.secretArn]);
};

const grantTables = (target: ServiceFunction, { tables, streams = [] }: FunctionPlan, resources: Resources): void => {
  for (const name of Object.keys(tableDefinitions) as TableName[]) {
    const table = resources.tables[name];
    const asked = tables[name] ?? [];
    const own = asked.filter((action) => !action.startsWith("index/"));
    if (own.length > 0) target.allow(own.map(iamAction), [table.tableArn]);
    const onIndexes = asked.filter((action) => action.startsWith("index/"));
    if (onIndexes.length > 0)
      target.allow(
        onIndexes.map((action) => iamAction(action.replace("index/", ""))),
        tableDefinitions[name].indexes.map((index) => `${table.tableArn}/index/${index.name}`),
      );
    if (streams.some((stream) => stream.table === name))
      target.allow(
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
        [table.tableStreamArn ?? ""],
      );
  }
};

const iamAction = (action: string): string => `dynamodb:${action}`;

const grantSegments = (target: ServiceFunction, { segments = [] }: FunctionPlan, { bucket }: Resources): void => {
  const onObjects = segments.filter((action) => action !== "list").map((action) => bucketActions[action]);
  if (onObjects.length > 0) {
    target.allow(onObjects, [bucket.arnForObjects("*")]);
    acknowledge(target, `AwsSolutions-IAM5[Resource::${importNameOf(bucket)}/*]`, anyPatient);
  }
  if (segments.includes("list")) target.allow([bucketActions.list], [bucket.bucketArn]);
};

const grantQueues = (target: ServiceFunction, { sends, consumes }: FunctionPlan, { queue }: Resources): void => {
  if (sends) target.allow(["sqs:SendMessage"], [queue.operations.queueArn]);
  if (consumes === undefined) return;
  const source = consumes.queue === "operations" ? queue.operations : queue.deadLetters;
  const actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
  target.allow(consumes.delays ? [...actions, "sqs:ChangeMessageVisibility"] : actions, [source.queueArn]);
};

const reads = new Set(["GetItem", "BatchGetItem", "Query", "Scan", "index/Query", "index/Scan"]);

const anyPatient =
  "Segments are the bucket's only objects, and each function works for every patient: which one a request may touch is decided inside, by its verified token. The actions are single ones; none deletes a version.";

/** By what name another stack's bucket is known here: nag calls the resource so. */
const importNameOf = (bucket: Bucket): string => {
  const exported: { readonly "Fn::ImportValue": string } = bucket.stack.resolve(
    bucket.stack.exportValue(bucket.bucketArn),
  );
  return exported["Fn::ImportValue"];
};

/** DynamoDB and S3 use a customer-managed key in the name of the caller (DynamoDB developer guide, "Encryption at rest"). */
const grantKey = (target: ServiceFunction, { tables, segments = [] }: FunctionPlan, { key }: Resources): void => {
  const writesTable = Object.values(tables).some((actions) => actions.some((action) => !reads.has(action)));
  const writes = writesTable ? ["kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"] : [];
  const puts = segments.includes("put") && !writesTable ? ["kms:GenerateDataKey"] : [];
  target.allow(["kms:Decrypt", "kms:DescribeKey", ...writes, ...puts], [key.keyArn]);
};
