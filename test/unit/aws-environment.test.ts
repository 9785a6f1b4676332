import { describe, expect, test } from "vitest";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { readEnvironment, tableVariable } from "../../infra/aws/environment.ts";

const issuer = {
  issuer: "https://id.example.org",
  audience: "casenotes",
  jwksUri: "https://id.example.org/jwks.json",
  algorithms: ["RS256"],
};

const tables = Object.keys(tableDefinitions) as TableName[];

/** What the service stack gives a function. */
const anEnvironment = (over: Readonly<Record<string, string | undefined>> = {}) => ({
  ...Object.fromEntries(tables.map((table) => [tableVariable(table), `casenotes-${table}`])),
  CASENOTES_BUCKET: "casenotes-segments",
  CASENOTES_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/000000000000/operations.fifo",
  CASENOTES_DEAD_LETTER_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/000000000000/dead.fifo",
  CASENOTES_VERSION: "1.2.3",
  CASENOTES_BASE_URL: "https://records.example.org",
  CASENOTES_ISSUERS: JSON.stringify([issuer]),
  CASENOTES_SIGNING_KEY_SECRET: "arn:aws:secretsmanager:eu-central-1:000000000000:secret:key",
  ...over,
});

const endpointOf = (AWS_ENDPOINT_URL: string) => readEnvironment(anEnvironment({ AWS_ENDPOINT_URL })).endpoint;

const problemsOf = (environment: Readonly<Record<string, string | undefined>>): readonly string[] => {
  try {
    readEnvironment(environment);
  } catch (cause) {
    if (cause instanceof Error) return cause.message.split("\n").slice(1);
  }
  return [];
};

describe("a function's environment", () => {
  test("names every table, the bucket, the queues and the key", () => {
    const { names, signingKeySecret, issuers, endpoint } = readEnvironment(anEnvironment());
    for (const table of tables) expect(names.tables[table]).toBe(`casenotes-${table}`);
    expect(names.bucket).toBe("casenotes-segments");
    expect(names.queueUrl).not.toBe(names.deadLetterQueueUrl);
    expect(signingKeySecret).toContain("secret:key");
    expect(issuers).toEqual([issuer]);
    expect(endpoint).toBeUndefined();
  });

  test("loses the slashes at the end of its base URL, which paths are appended to", () => {
    const { baseUrl } = readEnvironment(anEnvironment({ CASENOTES_BASE_URL: "https://records.example.org//" }));
    expect(baseUrl).toBe("https://records.example.org");
  });

  test("may name another endpoint than AWS; an empty one is none", () => {
    expect([endpointOf("http://127.0.0.1:4566"), endpointOf("")]).toEqual(["http://127.0.0.1:4566", undefined]);
  });

  test.for(Object.keys(anEnvironment()))("without %s is refused, by that name", (name) => {
    for (const value of [undefined, ""])
      expect(problemsOf(anEnvironment({ [name]: value }))).toEqual([`${name} is missing.`]);
  });

  test("that is empty is refused with every problem at once", () => {
    expect(problemsOf({})).toHaveLength(Object.keys(anEnvironment()).length);
  });

  test("is refused without a word of its values", () => {
    const secret = "s3cr3t value";
    const problems = problemsOf(
      anEnvironment({ CASENOTES_QUEUE_URL: secret, CASENOTES_BASE_URL: secret, CASENOTES_ISSUERS: secret }),
    );
    expect(problems).toHaveLength(3);
    expect(problems.join("\n")).not.toContain(secret);
  });
});
