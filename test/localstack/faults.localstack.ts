import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { localStackClients, openAwsOn } from "../support/aws-engine.ts";
import { runStory } from "../support/aws-scenario.ts";
import { awsFaults, faulty, type Injection } from "../support/faulty-aws.ts";
import { lanesOf } from "../support/lanes.ts";
import { aftermathOf, aStory } from "../support/story.ts";

/** Whatever else a change of the adapters takes away or adds: the tests below follow what the run with all of it calls. */
const essential = `
  PutItem payloads, PutItem operations, SendMessage, ReceiveMessage, UpdateItem heads, BatchGetItem operations, GetObject,
  PutObject, TransactWriteItems, UpdateItem heads release, DeleteMessageBatch, ChangeMessageVisibilityBatch, DeleteObjects`
  .split(",")
  .map((call) => call.trim());

/** Made for certain only where `runStory` makes what is rare happen; without that, now and then when the machine is slow. */
const rare = ["ChangeMessageVisibilityBatch", "UpdateItem heads release", "Scan operations", "Scan payloads"];

/** What a fault left behind has to run out; nothing else may, also on a busy machine. */
const engineTimes = { leaseMs: 5_000, visibilityS: 5, maxReceiveCount: 1_000 };

/** A store with an injector on its clients; each run has a patient of its own there, one after the other. */
const aLane = async () => {
  const injector = faulty(localStackClients());
  const under = await openAwsOn(injector.clients, engineTimes);
  const run = async (withRarities: boolean, injection?: Injection) => {
    // What a fault left in it would meet this run's faults in its place.
    await under.emptyQueue();
    const story = aStory(randomUUID(), Date.now());
    const from = injector.calls.length;
    if (injection) injector.arm(injection);
    const { path, sent } = await runStory(under, story, withRarities);
    injector.disarm();
    const calls = [...new Set(injector.calls.slice(from))];
    return { calls, hits: injector.hits(), aftermath: await aftermathOf(path.deps, story, sent) };
  };
  return { run, [Symbol.asyncDispose]: () => under[Symbol.asyncDispose]() };
};

const lanes = lanesOf(aLane);

const undisturbed = await lanes.use(({ run }) => run(false));
const withAll = await lanes.use(({ run }) => run(true));

afterAll(lanes.close);

describe("with a fault at the SDK's connection", () => {
  test("the undisturbed run makes the calls of the whole write path", () => {
    expect([...essential, ...rare].filter((call) => !withAll.calls.includes(call))).toEqual([]);
    expect(withAll.calls.filter((call) => !rare.includes(call) && !undisturbed.calls.includes(call))).toEqual([]);
    expect(withAll.aftermath).toEqual(undisturbed.aftermath);
    expect(undisturbed.aftermath).toMatchObject({
      effects: ["the patient#delete-segments"],
      pendingEffects: [],
      payloadsLeft: 0,
      identifierOwners: [[], ["the patient"]],
    });
    const states = undisturbed.aftermath.operations.map(([state]) => state);
    expect(states).toEqual(Array.from({ length: 9 }, (_, place) => (place === 3 ? "rejected" : "committed")));
  });

  // One for the SDK's own retries, five for what comes when they are used up.
  const cases = withAll.calls.flatMap((call) =>
    awsFaults.flatMap((fault) => [1, 5].map((times): Injection => ({ call, fault, times }))),
  );

  test.concurrent.for(cases)("$call: $fault, $times times, loses nothing and does nothing twice", async (injection) => {
    const { calls, hits, aftermath } = await lanes.use(({ run }) => run(rare.includes(injection.call), injection));
    expect(hits, `none of these was hit: ${calls.join(", ")}`).toBeGreaterThan(0);
    expect(aftermath).toEqual(undisturbed.aftermath);
  });
});
