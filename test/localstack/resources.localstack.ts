import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeAwsResources } from "../../infra/local/aws-resources.ts";
import { localStackClients } from "../support/aws-engine.ts";
import { faulty } from "../support/faulty-aws.ts";

const times = { visibilityS: 60, maxReceiveCount: 3 };

describe("the tables, queues and bucket of an installation", () => {
  test("are made once: to make them again changes nothing", async () => {
    const clients = localStackClients();
    const prefix = `made-${randomUUID()}`;
    const names = await makeAwsResources(clients, prefix, times);
    expect(await makeAwsResources(clients, prefix, times)).toEqual(names);
    clients.close();
  });

  test.concurrent.for([
    "HeadBucket",
    "CreateBucket",
    "CreateTable heads",
    "DescribeTable heads",
    "GetQueueUrl",
    "CreateQueue",
    "GetQueueAttributes",
  ])("are made though the answer to %s is lost", async (call) => {
    const { clients, arm, hits } = faulty(localStackClients());
    const prefix = `made-${randomUUID()}`;
    arm({ call, fault: "answer lost", times: 1 });
    const { tables, bucket, queueUrl } = await makeAwsResources(clients, prefix, times);
    expect(hits()).toBe(1);
    expect([tables.heads, bucket]).toEqual([`${prefix}-heads`, `${prefix}-segments`]);
    expect(queueUrl).toContain(`${prefix}-operations.fifo`);
    clients.close();
  });
});
