import { beforeAll, describe, expect, test } from "vitest";
import { localStackClients, openAwsOn } from "../support/aws-engine.ts";
import { runScript } from "../support/aws-scenario.ts";
import { awsFaults, faulty, type Injection } from "../support/faulty-aws.ts";
import { openWritePath } from "../support/write-path.ts";

/** Every call that the write path makes, from submit to drain. */
const calls = [
  "PutItem payloads",
  "PutItem operations",
  "SendMessage",
  "ReceiveMessage",
  "UpdateItem heads",
  "BatchGetItem operations",
  "BatchGetItem payloads",
  "PutObject",
  "TransactWriteItems",
  "DeleteMessageBatch",
  "Query effects",
  "BatchWriteItem effects",
  "BatchWriteItem payloads",
] as const;

const run = async (injection?: Injection) => {
  const injector = faulty(localStackClients());
  await using under = await openAwsOn(injector.clients, { maxReceiveCount: 1_000 });
  const path = await openWritePath(under);
  if (injection) injector.arm(injection);
  const outcome = await runScript(path);
  return { outcome, hits: injector.hits(), calls: [...new Set(injector.calls)] };
};

describe("with a fault at the SDK's connection", () => {
  let undisturbed: Awaited<ReturnType<typeof run>>;

  beforeAll(async () => {
    undisturbed = await run();
  });

  test("the write path makes the calls that are tested here", () => {
    expect(undisturbed.calls).toEqual(expect.arrayContaining([...calls]));
    expect(undisturbed.outcome).toMatchObject({
      states: ["committed", "committed", "committed", "rejected", "committed"],
      history: [0, 1, 2, 4],
      effects: [0, 1, 2, 4],
      pending: [],
      payloads: [],
      owner: 1,
    });
  });

  // One for the SDK's own retries, five for what comes when they are used up.
  const cases = calls.flatMap((call) =>
    awsFaults.flatMap((fault) => [1, 5].map((times): Injection => ({ call, fault, times }))),
  );

  test.concurrent.for(cases)("$call: $fault, $times times, loses nothing and does nothing twice", async (injection) => {
    const { outcome, hits } = await run(injection);
    expect(hits).toBeGreaterThan(0);
    expect(outcome).toEqual(undisturbed.outcome);
  });
});
