import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { brotliCompressSync, brotliDecompressSync, inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { localStackClients } from "../support/aws-engine.ts";
import { startAwsService } from "../support/aws-service.ts";
import type { Found } from "../support/canary.ts";
import { asItShould, canaryStory, type CanaryStage } from "../support/canary-story.ts";
import { startService } from "../support/service.ts";

const expanded = (bytes: Uint8Array): string =>
  [() => bytes, () => brotliDecompressSync(bytes), () => inflateRawSync(bytes)]
    .map((expand) => {
      try {
        return Buffer.from(expand()).toString("latin1");
      } catch {
        return "";
      }
    })
    .join("\n");

const textOf = (value: unknown): string => (value instanceof Uint8Array ? expanded(value) : JSON.stringify(value));

const aStage = async (): Promise<CanaryStage & AsyncDisposable> => {
  const { service: accepting, engine, tamper, environment, ...aws } = await startAwsService(0);
  const clients = localStackClients();
  const tableOf = (table: TableName): string => environment[`CASENOTES_TABLE_${table.toUpperCase()}`]!;
  const rowsOf = async (table: TableName): Promise<readonly Found[]> => {
    const { Items = [], LastEvaluatedKey: more } = await clients.dynamo.send(
      new ScanCommand({ TableName: tableOf(table), ConsistentRead: true }),
    );
    if (more !== undefined) throw new Error(`not all of ${table} was read`);
    return Items.flatMap((item) =>
      Object.entries(item).map(([name, value]) => ({ place: `${table}.${name}`, text: textOf(value) })),
    );
  };
  const setPayload = async (id: string, z: Uint8Array): Promise<Uint8Array> => {
    const { Attributes } = await clients.dynamo.send(
      new UpdateCommand({
        TableName: tableOf("operations"),
        Key: { id },
        UpdateExpression: "SET z = :z",
        ConditionExpression: "attribute_exists(z)",
        ExpressionAttributeValues: { ":z": z },
        ReturnValues: "ALL_OLD",
      }),
    );
    return Attributes?.["z"] as Uint8Array;
  };
  return {
    accepting,
    engine,
    startCommitting: () => startService({ data: accepting.data, args: ["--workers", "1"], env: environment }),
    rows: async () => (await Promise.all((Object.keys(tableDefinitions) as TableName[]).map(rowsOf))).flat(),
    messages: async () => {
      const QueueUrl = environment["CASENOTES_QUEUE_URL"];
      const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 });
      const { Messages = [] } = await clients.sqs.send(receive);
      return Messages.map((message) => ({ place: "message", text: JSON.stringify(message) }));
    },
    park: (id) => tamper.setOperation(id, { state: "parked" }),
    spoil: async (id, text) => {
      const before = await setPayload(id, brotliCompressSync(Buffer.from(text)));
      return async () => void (await setPayload(id, before));
    },
    [Symbol.asyncDispose]: async () => {
      clients.close();
      await aws[Symbol.asyncDispose]();
    },
  };
};

/** Where a search needs it: ids of identifiers, birth date, family name, summary; and what callers are told: author, refusal, resource. */
const needed = [
  "identifiers.id: identifier",
  "operations.cn: caller",
  "operations.pr: path",
  "operations.pr: reason",
  "operations.rs: path",
  "summaries.b: birthDate",
  "summaries.f: family",
  "summaries.j: birthDate",
  "summaries.j: family",
  "summaries.j: given",
  "summaries.j: identifier",
];

test("nothing private is in logs, queue, answers' headers or refusals, nor in any item that has no need of it", async () => {
  await using stage = await aStage();
  const { rows, ...told } = await canaryStory(stage);
  expect(told).toEqual(asItShould);
  expect(rows).toEqual(needed);
});
