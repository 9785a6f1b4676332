import { afterAll, describe, expect, test } from "vitest";
import { nagPacks } from "../../infra/aws/service-app.ts";
import { synthesized } from "./synthesized.ts";

const { app, templateOf, dispose } = synthesized();
afterAll(dispose);

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** Every statement of every role, with the policy it stands in. */
const statements = (["dev", "prod"] as const).flatMap((stage) =>
  (["Storage", "Service"] as const).flatMap((stack) =>
    Object.entries(templateOf(stage, stack).findResources("AWS::IAM::ManagedPolicy")).flatMap(
      ([policy, { Properties }]) =>
        (Properties.PolicyDocument.Statement as Statement[]).map((statement) => ({ policy, statement })),
    ),
  ),
);

const actionsOf = ({ Action }: Statement): readonly string[] => [Action].flat();
const ofFunction = (name: string) => statements.filter(({ policy }) => policy.startsWith(`Functions${name}Policy`));
const allowed = (name: string) => new Set(ofFunction(name).flatMap(({ statement }) => actionsOf(statement)));

describe("what functions may do", () => {
  test("is written out: no action holds a wildcard", () => {
    expect(statements.length).toBeGreaterThan(100);
    for (const { statement } of statements)
      for (const action of actionsOf(statement)) expect(action).not.toContain("*");
  });

  test("names its resources, but for the two X-Ray actions that know none", () => {
    const unnamed = statements.filter(({ statement }) => [statement.Resource].flat().includes("*"));
    for (const { statement } of unnamed)
      expect(actionsOf(statement).toSorted()).toEqual(["xray:PutTelemetryRecords", "xray:PutTraceSegments"]);
    expect(unnamed).not.toEqual([]);
  });

  test("ends a resource in a wildcard only for the objects of the segments bucket", () => {
    const wild = statements.filter(({ statement }) =>
      JSON.stringify([statement.Resource].flat().filter((resource) => resource !== "*")).includes("*"),
    );
    expect([...new Set(wild.flatMap(({ statement }) => actionsOf(statement)))].toSorted()).toEqual([
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
    ]);
  });

  test("is granted by managed policies of one role each, and nowhere else", () => {
    for (const stage of ["dev", "prod"] as const) {
      templateOf(stage, "Service").resourceCountIs("AWS::IAM::Policy", 0);
      for (const { Properties } of Object.values(templateOf(stage, "Service").findResources("AWS::IAM::ManagedPolicy")))
        expect(Properties.Roles).toHaveLength(1);
    }
  });

  test("lets only writers and the maker of the list of signers read the signing key", () => {
    const readers = statements.filter(({ statement }) =>
      actionsOf(statement).includes("secretsmanager:GetSecretValue"),
    );
    expect(new Set(readers.map(({ policy }) => policy.replace(/Policy[0-9A-F]{8}$/, "")))).toEqual(
      new Set(["SigningKeyMaker", "Functionshealth", "Functionscommit"]),
    );
  });

  test("lets nobody who answers HTTP move a head, take messages or delete objects", () => {
    for (const name of ["submit", "read", "status", "operate", "health", "git", "gitstream"]) {
      const actions = allowed(name);
      for (const action of ["sqs:ReceiveMessage", "sqs:DeleteMessage", "s3:PutObject", "s3:DeleteObject"])
        expect([name, actions.has(action)]).toEqual([name, false]);
    }
    for (const name of ["read", "status", "git", "gitstream", "health"])
      expect(
        [...allowed(name)].filter((action) => /:(Put|Update|Delete|Send|BatchWrite)(Item|Message|Object)/.test(action)),
      ).toEqual([]);
  });

  test.for([
    ["submit", "sqs:SendMessage"],
    ["submit", "dynamodb:PutItem"],
    ["commit", "dynamodb:UpdateItem"],
    ["commit", "s3:PutObject"],
    ["commit", "sqs:ChangeMessageVisibility"],
    ["commit", "kms:GenerateDataKey"],
    ["git", "s3:ListBucket"],
    ["drain", "dynamodb:GetRecords"],
    ["drain", "s3:DeleteObject"],
    ["sweep", "sqs:SendMessage"],
  ] as const)("lets %s do %s", ([name, action]) => {
    expect(allowed(name)).toContain(action);
  });
});

describe("cdk-nag", () => {
  test("finds nothing in either stage that has no reason", () => {
    const reports = nagPacks(app).map((pack) => pack.validateScope(app));
    const found = reports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
    expect(found).toEqual([]);
  });
});
