import { afterAll, expect, test } from "vitest";
import { forStage } from "../../infra/aws/cost/bill.ts";
import { readCounts } from "../../infra/aws/cost/request-counts.ts";
import { synthesized } from "./synthesized.ts";

const { templateOf, dispose } = synthesized();
afterAll(dispose);

test("a stage at rest is billed for the keys, secrets, alarms, dashboards and polled queues that it has", () => {
  const stacks = [templateOf("prod", "Storage"), templateOf("prod", "Service")];
  const has = (type: string): number =>
    stacks.reduce((sum, stack) => sum + Object.keys(stack.findResources(type)).length, 0);
  const { kmsKeys, secrets, alarms, dashboards } = forStage(readCounts());
  expect({ kmsKeys, secrets, alarms, dashboards }).toEqual({
    kmsKeys: has("AWS::KMS::Key"),
    secrets: has("AWS::SecretsManager::Secret"),
    alarms: has("AWS::CloudWatch::Alarm"),
    dashboards: has("AWS::CloudWatch::Dashboard"),
  });
  expect(has("AWS::SQS::Queue")).toBe(2);
});
