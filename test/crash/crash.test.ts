import { join } from "node:path";
import { expect, test } from "vitest";
import { faultPoints } from "../../functions/fault-points.ts";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { aFolder, sqliteOptions } from "../support/engines.ts";
import { aftermathOf, aStory } from "../support/story.ts";
import { dependenciesOn } from "../support/write-path.ts";
import { crashCases, freezeAt, liveThrough } from "./lives.ts";

const story = { seed: "the same in all runs", startedAt: Date.parse("2026-11-21T09:00:00Z") };

/** As in production: what a dead process held is given back, so that nobody waits for these. */
const longTimes = { leaseMs: 20_000, visibilityS: 90 };
/** A frozen process is alive: what it holds has to run out. */
const shortTimes = { leaseMs: 300, visibilityS: 1 };

/** Lets lives be lived on a database file of their own, and looks at what they left. */
const onAFile = async <T extends { readonly sent: ReadonlySet<string> }>(
  times: typeof longTimes,
  lives: (telling: Parameters<typeof liveThrough>[0]) => Promise<T>,
) => {
  using folder = aFolder();
  const file = join(folder.path, "casenotes.db");
  const told = await lives({ store: { kind: "embedded", file, ...times }, ...story });
  const engine = await openSqliteEngine(sqliteOptions({ file }));
  const aftermath = await aftermathOf(dependenciesOn(engine), aStory(story.seed, story.startedAt), told.sent);
  await engine.close();
  return { ...told, aftermath };
};

const undisturbed = await onAFile(longTimes, (telling) => liveThrough(telling, []));

test.concurrent.for(crashCases)("killed at $name: all is as in an undisturbed run", async ({ crashes }) => {
  const { fired, aftermath } = await onAFile(longTimes, (telling) => liveThrough(telling, crashes));
  expect(fired).toEqual(crashes.map(({ point }) => point));
  expect(aftermath).toEqual(undisturbed.aftermath);
});

test.concurrent.for(faultPoints)(
  "frozen at %s past its lease, and thawed: all is as if it had not been",
  async (point) => {
    const { late, aftermath } = await onAFile(shortTimes, (telling) => freezeAt(telling, point));
    expect(["fenced", "nothing was late"]).toContain(late);
    expect(aftermath).toEqual(undisturbed.aftermath);
  },
);
