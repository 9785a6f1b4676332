import { Stack } from "aws-cdk-lib";
import type { Template } from "aws-cdk-lib/assertions";
import type { CfnTable } from "aws-cdk-lib/aws-dynamodb";
import { Key } from "aws-cdk-lib/aws-kms";
import { afterAll, describe, expect, test } from "vitest";
import { tableDefinitions } from "../../functions/adapters/table-definitions.ts";
import { writePathDefaults } from "../../functions/config.ts";
import { Tables } from "../../infra/aws/constructs/tables.ts";
import { entryList } from "../../infra/aws/function-plans.ts";
import { routes } from "../../functions/routes.ts";
import { synthesized } from "./synthesized.ts";

const { templateOf, dispose } = synthesized();
afterAll(dispose);

const storage = { dev: templateOf("dev", "Storage"), prod: templateOf("prod", "Storage") };
const service = { dev: templateOf("dev", "Service"), prod: templateOf("prod", "Service") };
const stages = ["dev", "prod"] as const;
const tableCount = Object.keys(tableDefinitions).length;

// oxlint-disable-next-line typescript/no-explicit-any -- templates are plain JSON
const resources = (template: Template, type: string): Record<string, any>[] =>
  Object.values(template.findResources(type));

describe.for(stages)("nothing is lost: in %s", (stage) => {
  test("every table can be restored to any second of 35 days", () => {
    const tables = resources(storage[stage], "AWS::DynamoDB::Table");
    expect(tables).toHaveLength(tableCount);
    for (const { Properties } of tables)
      expect(Properties.PointInTimeRecoverySpecification).toEqual({
        PointInTimeRecoveryEnabled: true,
        RecoveryPeriodInDays: 35,
      });
  });

  test("an old version of a segment outlives the 35 days that a head can be restored to", () => {
    const rules = resources(storage[stage], "AWS::S3::Bucket")
      .filter(({ Properties }) => Properties.LoggingConfiguration)
      .flatMap(({ Properties }) => Properties.LifecycleConfiguration.Rules);
    expect(rules).toContainEqual({
      NoncurrentVersionExpiration: { NoncurrentDays: 40 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      Status: "Enabled",
    });
    storage[stage].allResourcesProperties("AWS::S3::Bucket", { VersioningConfiguration: { Status: "Enabled" } });
  });

  test("no role may delete a version of an object, or a table, or change their settings", () => {
    for (const { Properties } of resources(service[stage], "AWS::IAM::ManagedPolicy"))
      for (const { Action } of Properties.PolicyDocument.Statement)
        for (const action of [Action].flat())
          expect(action).not.toMatch(/DeleteObjectVersion|DeleteTable|DeleteBucket|Put.*Policy|Put.*Configuration/);
  });

  test("a message outlives two weeks of outage and a thousand receives", () => {
    const queues = resources(service[stage], "AWS::SQS::Queue").map(({ Properties }) => Properties);
    expect(queues).toHaveLength(2);
    for (const queue of queues) expect(queue.MessageRetentionPeriod).toBe(14 * 24 * 60 * 60);
    expect(queues.find(({ RedrivePolicy }) => RedrivePolicy)?.RedrivePolicy.maxReceiveCount).toBe(1_000);
  });
});

describe("what holds records in production", () => {
  test("survives its stack, and its tables cannot be deleted by mistake", () => {
    for (const type of ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret"])
      for (const { DeletionPolicy, UpdateReplacePolicy } of resources(storage.prod, type))
        expect([type, DeletionPolicy, UpdateReplacePolicy]).toEqual([type, "Retain", "Retain"]);
    for (const { Properties } of resources(storage.prod, "AWS::DynamoDB::Table"))
      expect(Properties.DeletionProtectionEnabled).toBe(true);
  });

  test("can be destroyed in dev", () => {
    for (const { DeletionPolicy } of resources(storage.dev, "AWS::DynamoDB::Table"))
      expect(DeletionPolicy).toBe("Delete");
  });
});

describe.for(stages)("one writer, in order: in %s", (stage) => {
  const own = service[stage];

  test("both queues are FIFO, count by group, and leave deduplication to our own id", () => {
    for (const { Properties } of resources(own, "AWS::SQS::Queue"))
      expect(Properties).toMatchObject({
        FifoQueue: true,
        DeduplicationScope: "messageGroup",
        FifoThroughputLimit: "perMessageGroupId",
        ContentBasedDeduplication: false,
      });
  });

  test("a message stays hidden for six time-outs of the function, as the write path's numbers say", () => {
    expect(writePathDefaults.visibilityS).toBe((writePathDefaults.commitTimeoutMs / 1_000) * 6);
    own.allResourcesProperties("AWS::SQS::Queue", { VisibilityTimeout: writePathDefaults.visibilityS });
    own.hasResourceProperties("AWS::Lambda::Function", { Timeout: writePathDefaults.commitTimeoutMs / 1_000 });
  });

  test("of a batch of ten, only the messages that failed come back, and no more run than are reserved", () => {
    const mappings = resources(own, "AWS::Lambda::EventSourceMapping").map(({ Properties }) => Properties);
    const commit = mappings.find(({ FunctionResponseTypes }) => FunctionResponseTypes);
    expect(commit).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ["ReportBatchItemFailures"] });
    const { MaximumConcurrency } = commit!.ScalingConfig;
    own.hasResourceProperties("AWS::Lambda::Function", {
      Timeout: 15,
      MemorySize: 1_769,
      ReservedConcurrentExecutions: MaximumConcurrency,
    });
  });

  test("the drain hears of rows that changed, and of what is put into the outbox", () => {
    const patterns = resources(own, "AWS::Lambda::EventSourceMapping").flatMap(
      ({ Properties }) =>
        Properties.FilterCriteria?.Filters.map((filter: { Pattern: string }) => JSON.parse(filter.Pattern)) ?? [],
    );
    expect(patterns).toEqual(expect.arrayContaining([{ eventName: ["MODIFY"] }, { eventName: ["INSERT"] }]));
  });
});

describe.for(stages)("private: in %s", (stage) => {
  test("the payload in a row is in no index and no stream", () => {
    const indexed = resources(storage[stage], "AWS::DynamoDB::Table").filter(({ Properties }) =>
      Properties.GlobalSecondaryIndexes?.some((index: { IndexName: string }) => index.IndexName === "byQueued"),
    );
    expect(indexed).toHaveLength(1);
    for (const { Properties } of indexed) {
      expect(Properties.StreamSpecification).toEqual({ StreamViewType: "KEYS_ONLY" });
      for (const { Projection } of Properties.GlobalSecondaryIndexes)
        expect([
          { ProjectionType: "KEYS_ONLY" },
          { ProjectionType: "INCLUDE", NonKeyAttributes: ["b"] },
        ]).toContainEqual(Projection);
    }
  });

  test("tables and segments are encrypted under our own key", () => {
    for (const { Properties } of resources(storage[stage], "AWS::DynamoDB::Table"))
      expect(Properties.SSESpecification).toMatchObject({ SSEEnabled: true, SSEType: "KMS" });
    storage[stage].hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } },
        ],
      },
    });
    storage[stage].hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
  });

  test("no bucket is public, and none is reached without TLS", () => {
    storage[stage].allResourcesProperties("AWS::S3::Bucket", {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    for (const { Properties } of resources(storage[stage], "AWS::S3::BucketPolicy"))
      expect(JSON.stringify(Properties.PolicyDocument)).toContain('"aws:SecureTransport":"false"');
  });

  test("the access log holds no query string, no header and no body", () => {
    const [api] = resources(service[stage], "AWS::ApiGatewayV2::Stage");
    const format: string = api!.Properties.AccessLogSettings.Format;
    expect(format).toContain("$context.routeKey");
    expect(format).not.toMatch(/path|querystring|authorizer|header|identity/i);
  });

  test("rows do not expire by themselves, but an operator may set a time", () => {
    const withTtl = resources(storage[stage], "AWS::DynamoDB::Table").filter(
      ({ Properties }) => Properties.TimeToLiveSpecification,
    );
    expect(withTtl.map(({ Properties }) => Properties.TimeToLiveSpecification)).toEqual([
      { AttributeName: "x", Enabled: true },
    ]);
  });

  test("no function keeps the signing key in its environment", () => {
    for (const { Properties } of resources(service[stage], "AWS::Lambda::Function"))
      expect(JSON.stringify(Properties.Environment)).not.toMatch(/PRIVATE KEY|resolve:secretsmanager/);
  });
});

describe.for(stages)("the way in: in %s", (stage) => {
  test("leads every route of the service to a function, and the rest to a problem", () => {
    const keys = new Set(
      resources(service[stage], "AWS::ApiGatewayV2::Route").map(({ Properties }) => Properties.RouteKey),
    );
    for (const { method, path } of routes)
      expect(keys).toContain(path.startsWith("/git/") ? `${method} /git/{proxy+}` : `${method} ${path}`);
    expect(keys).toContain("$default");
  });

  test("is throttled", () => {
    const [api] = resources(service[stage], "AWS::ApiGatewayV2::Stage");
    expect(api!.Properties.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0);
  });

  test("every function runs on Node 24, on arm64, with a concurrency and a kept log of its own", () => {
    const functions = resources(service[stage], "AWS::Lambda::Function");
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
      });
      expect(Properties.ReservedConcurrentExecutions).toBeGreaterThan(0);
      expect(Properties.LoggingConfig.LogGroup).toBeDefined();
    }
    expect(functions.length).toBe(entryList.length);
  });
});

describe("what an operator may set for a stage", () => {
  test.for([
    ["dev", "Active", true],
    ["prod", "PassThrough", false],
  ] as const)("tracing: in %s it is %s, and only who traces may write traces", ([stage, mode, writes]) => {
    const modes = resources(service[stage], "AWS::Lambda::Function").map(
      ({ Properties }) => Properties.TracingConfig?.Mode,
    );
    expect(new Set(modes)).toEqual(new Set([mode]));
    const text = JSON.stringify(service[stage].findResources("AWS::IAM::ManagedPolicy"));
    expect(text.includes("xray:PutTraceSegments")).toBe(writes);
  });

  test("warm throughput: none by itself, else of the tables that every update writes to, and of their indexes", () => {
    for (const stage of stages) expect(JSON.stringify(storage[stage].toJSON())).not.toContain("WarmThroughput");
    const warm = { readUnitsPerSecond: 20_000, writeUnitsPerSecond: 30_000 };
    const stack = new Stack();
    const { all } = new Tables(stack, "Tables", { key: new Key(stack, "Key"), keepsRecords: false, warm });
    const isWarm = Object.values(all).flatMap(({ node }) => {
      const { warmThroughput, globalSecondaryIndexes } = node.defaultChild as CfnTable;
      const indexes: readonly { warmThroughput?: unknown }[] = stack.resolve(globalSecondaryIndexes) ?? [];
      return [stack.resolve(warmThroughput)].concat(indexes.map((index) => index.warmThroughput));
    });
    const { heads, operations } = tableDefinitions;
    expect(isWarm.filter((one) => one !== undefined)).toEqual(
      Array.from({ length: 2 + heads.indexes.length + operations.indexes.length }, () => warm),
    );
  });
});
