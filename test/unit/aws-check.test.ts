import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { tableDefinitions, type TableDefinition, type TableName } from "../../functions/adapters/table-definitions.ts";
import { missingInAws } from "../../infra/local/check-aws.ts";
import type { AwsSettings } from "../../infra/local/aws-settings.ts";

/** What the server answers next; a real one, which speaks the three services' protocols. */
let answer: (service: "dynamodb" | "sqs" | "s3", body: string, response: ServerResponse) => void;

const server = createServer((request: IncomingMessage, response) => {
  const target = String(request.headers["x-amz-target"] ?? "");
  const service = target.startsWith("DynamoDB") ? "dynamodb" : target.startsWith("AmazonSQS") ? "sqs" : "s3";
  void text(request).then((body) => answer(service, body, response));
});
let endpoint = "";

const noProfile = {
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_PROFILE: undefined,
  // What build servers in AWS, and those that sign in there, have.
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_ROLE_ARN: undefined,
};

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  const given = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
  for (const [name, value] of Object.entries({ ...noProfile, ...given })) vi.stubEnv(name, value);
  answer = healthy;
});

afterEach(() => vi.unstubAllEnvs());

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const tableNames = Object.keys(tableDefinitions) as TableName[];
const tables = Object.fromEntries(tableNames.map((name) => [name, `t-${name}`])) as AwsSettings["names"]["tables"];

const settings = (over: Partial<AwsSettings["names"]> = {}): AwsSettings => ({
  names: { tables, bucket: "segments", queueUrl: `${endpoint}/q`, deadLetterQueueUrl: `${endpoint}/d`, ...over },
  endpoint,
});

const keysOf = (partitionKey: string, sortKey?: string) => [
  { AttributeName: partitionKey, KeyType: "HASH" },
  ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: "RANGE" }]),
];

const described = (TableName: string) => {
  const definition: TableDefinition = tableDefinitions[TableName.slice(2) as TableName];
  return {
    TableName,
    KeySchema: keysOf(definition.partitionKey, definition.sortKey),
    GlobalSecondaryIndexes: definition.indexes.map(({ name, partitionKey, sortKey }) => ({
      IndexName: name,
      KeySchema: keysOf(partitionKey, sortKey),
    })),
  };
};

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(value));
};

const healthy: typeof answer = (service, body, response) => {
  if (service === "dynamodb") json(response, 200, { Table: described(JSON.parse(body).TableName) });
  else json(response, 200, {});
};

/** DynamoDB and SQS name the error in the body; S3 answers a HEAD with the status alone. */
const refusing =
  (name: string, status: number): typeof answer =>
  (service, _, response) => {
    if (service === "s3") response.writeHead(403).end();
    else json(response, status, { __type: `com.amazon.coral.service#${name}`, message: "refused" });
  };

test("what is all there has no problems", async () => {
  expect(await missingInAws(settings())).toEqual([]);
});

test.for([
  ["a table", "dynamodb"],
  ["a queue", "sqs"],
  ["the bucket", "s3"],
] as const)("a look at %s that gets no answer is taken again: a start does not fail for it", async ([, which]) => {
  let cut = 0;
  answer = (service, body, response) => {
    if (service !== which || cut > 0) return healthy(service, body, response);
    cut += 1;
    response.destroy();
  };
  expect([await missingInAws(settings()), cut]).toEqual([[], 1]);
});

test("a missing region is said in one line, and nothing is asked", async () => {
  vi.stubEnv("AWS_REGION", undefined);
  answer = () => expect.unreachable();
  expect(await missingInAws(settings())).toEqual(["There is no region: set AWS_REGION."]);
});

test("missing credentials are said in one line, with the variables to set", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
  expect(await missingInAws(settings())).toEqual([
    expect.stringMatching(/^There are no AWS credentials \(.*\): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and /),
  ]);
});

test("where nothing answers, one line names the address and the cause", async () => {
  const nowhere = { ...settings(), endpoint: "http://127.0.0.1:1" };
  expect(await missingInAws(nowhere)).toEqual(["AWS cannot be reached at http://127.0.0.1:1 (ECONNREFUSED)."]);
});

test.for([
  ["InvalidSignatureException", "wrong"],
  ["SignatureDoesNotMatch", "wrong"],
  ["UnrecognizedClientException", "wrong"],
  ["ExpiredTokenException", "expired"],
] as const)("credentials refused as %s are said to be %s, once", async ([name, word]) => {
  answer = refusing(name, 400);
  const [line = "", ...others] = await missingInAws(settings());
  expect([line, others]).toEqual([expect.stringMatching(`^The AWS credentials (are|have) ${word} \\(${name}\\)`), []]);
});

test("what the caller may not look at is named with the right that lacks", async () => {
  answer = refusing("AccessDeniedException", 400);
  const problems = await missingInAws(settings());
  expect(problems).toHaveLength(9);
  expect(problems[0]).toMatch(/^The table t-heads: .* allow dynamodb:DescribeTable, .*docs\/permissions\.md/);
  expect(problems[6]).toMatch(/^The queue .* allow sqs:GetQueueAttributes/);
  expect(problems[8]).toMatch(/^The bucket segments: .* allow s3:ListBucket/);
});

test("one table that does not exist is named with the remedy that its caller knows", async () => {
  answer = (service, body, response) => {
    if (!body.includes("t-effects")) return healthy(service, body, response);
    json(response, 400, { __type: "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", message: "none" });
  };
  expect(await missingInAws(settings(), "restore it.")).toEqual(["The table t-effects does not exist: restore it."]);
});

test("two tables swapped by name are told by their keys", async () => {
  const swapped = { ...tables, heads: tables.effects, effects: tables.heads };
  expect(await missingInAws(settings({ tables: swapped }))).toEqual([
    "The table t-effects is no table of heads: its key is (s, t), not (id). Are names swapped?",
    "The table t-heads is no table of effects: its key is (id), not (s, t). Are names swapped?",
  ]);
});

test("two tables with the same key, swapped, are told by their indexes", async () => {
  const swapped = { ...tables, heads: tables.summaries, summaries: tables.heads };
  expect(await missingInAws(settings({ tables: swapped }))).toEqual([
    "The table t-summaries is no table of heads: it has no index byShard (s, id). Are names swapped?",
    "The table t-heads is no table of summaries: it has no index byFamily (s, f). Are names swapped?",
  ]);
});

test("restored tables need their keys only, for nothing but a copy is made from them", async () => {
  answer = (service, body, response) => {
    if (service !== "dynamodb") return healthy(service, body, response);
    json(response, 200, { Table: { ...described(JSON.parse(body).TableName), GlobalSecondaryIndexes: [] } });
  };
  expect(await missingInAws(settings(), "restore it.")).toEqual([]);
  expect(await missingInAws(settings())).toHaveLength(3);
});
