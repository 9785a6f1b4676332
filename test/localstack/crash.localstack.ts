import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { faultPoints } from "../../functions/fault-points.ts";
import { crashCases, freezeAt, liveThrough } from "../crash/lives.ts";
import { localStackClients, localStackEndpoint, openAwsOn } from "../support/aws-engine.ts";
import { lanesOf } from "../support/lanes.ts";
import { aftermathOf, aStory } from "../support/story.ts";
import { dependenciesOn } from "../support/write-path.ts";

/** Nobody gives back what a dead process held: its lease and its claim run out. */
const times = { leaseMs: 500, visibilityS: 2, maxReceiveCount: 1_000 };

/** Tables, queues and a bucket; each story has a patient of its own there, one after the other. */
const lanes = lanesOf(() => openAwsOn(localStackClients(), times));

afterAll(lanes.close);

/** Lets lives be lived on a lane, and looks at what they left. */
const onALane = <T extends { readonly sent: ReadonlySet<string> }>(
  lives: (telling: Parameters<typeof liveThrough>[0]) => Promise<T>,
) =>
  lanes.use(async ({ engine, names, emptyQueue }) => {
    // What a life that was killed had settled and not deleted would come again in this story, and be where its writer stops.
    await emptyQueue();
    const story = { seed: randomUUID(), startedAt: Date.now() };
    const store = { kind: "aws", names, endpoint: localStackEndpoint(), ...times } as const;
    const told = await lives({ store, ...story });
    const aftermath = await aftermathOf(dependenciesOn(engine), aStory(story.seed, story.startedAt), told.sent);
    return { ...told, aftermath };
  });

const undisturbed = await onALane((telling) => liveThrough(telling, []));

test.concurrent.for(crashCases)("killed at $name: all is as in an undisturbed run", async ({ crashes }) => {
  const { fired, aftermath } = await onALane((telling) => liveThrough(telling, crashes));
  expect(fired).toEqual(crashes.map(({ point }) => point));
  expect(aftermath).toEqual(undisturbed.aftermath);
});

/**
 * How a settle ends that came too late. A call to a store may also get no answer in time, or an error of the server's own:
 * the writer looks then what is true, and finds all of it done. `aftermath` says that it did not land.
 */
const tooLate = ["fenced", "outcome-unknown", "transient", "retried: transient", "nothing was late"];

test.concurrent.for(faultPoints)(
  "frozen at %s past its lease, and thawed: all is as if it had not been",
  async (point) => {
    const { late, aftermath } = await onALane((telling) => freezeAt(telling, point));
    expect(tooLate).toContain(late);
    expect(aftermath).toEqual(undisturbed.aftermath);
  },
);
