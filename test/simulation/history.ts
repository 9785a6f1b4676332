import { createHash } from "node:crypto";
import { startService, startTroubles } from "./actors.ts";
import { runClient, runOperator } from "./clients.ts";
import { checkEnd, tidyUp } from "./finish.ts";
import { Violation } from "./model.ts";
import { createWorld, type World } from "./world.ts";

export interface History {
  readonly seed: number;
  /** Time with faults, and until everything had come to rest after them, ms. */
  readonly simulatedMs: number;
  readonly steps: number;
  readonly operations: number;
  readonly commits: number;
  readonly counts: ReadonlyMap<string, number>;
  /** What was violated, and how to see it again; undefined when nothing was. */
  readonly violation: string | undefined;
  /** Of all that came of it: two histories with one digest are the same. */
  readonly digest: string;
}

/** The command that tells a history line by line. */
export const again = (seed: number): string => `again: npm run simulate -- --seed ${seed}`;

const violated = (seed: number, cause: unknown): string => {
  const isOurs = cause instanceof Violation;
  const what = isOurs ? cause.message : cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `${what}\n  ${again(seed)}`;
};

/** Every event, fault, commit (whose id stands for its content, time and author) and row has its part in it. */
const digestOf = ({ scheduler, counts, model, store }: World): string => {
  const records = [...model.records].map(([patientId, { commits, versions }]) => [patientId, commits, versions.length]);
  const rows = [...store.operations.values()].map(({ row }) => row);
  const all = [scheduler.now(), scheduler.steps(), [...counts], records, rows, [...store.heads]];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
};

/** Nothing is open, and no call is under way that could open something. */
const isAtRest = ({ store, underWay }: World): boolean =>
  underWay === 0 &&
  [...store.operations.values()].every(({ row }) => row.state === "committed" || row.state === "rejected") &&
  [...store.queue.values(), ...store.deadLetters.values()].every((messages) => messages.length === 0);

/** Faults for some minutes, then none, and an hour for everything to end. */
const live = async (world: World): Promise<void> => {
  const { random, scheduler } = world;
  const service = startService(world);
  const { fronts } = service;
  const patients = Array.from({ length: 1 + random.below(4) }, () => random.uuid());
  const pauseMs = random.pick([500, 5_000, 60_000]);
  let isOver = false;
  let clients = 1 + random.below(4);
  for (let index = clients; index > 0; index -= 1)
    void runClient(world, index, { patients, fronts, pauseMs }).finally(() => {
      clients -= 1;
    });
  runOperator(world, fronts, () => isOver).catch(scheduler.fail);
  startTroubles(world, service).catch(scheduler.fail);
  await scheduler.run(() => false, random.between(2, 10) * 60_000);
  Object.assign(world, { faulty: false, throttledUntil: 0, outageUntil: 0 });
  world.poison.clear();
  world.note(() => "no more faults");
  service.restart();
  await scheduler.run(() => clients === 0 && isAtRest(world), 60 * 60_000);
  isOver = true;
  service.stop();
};

/** One history: the same seed gives the same one, step by step. */
export const runHistory = async (seed: number, note?: (text: string) => void): Promise<History> => {
  const world = createWorld(seed, note);
  const { stackTraceLimit } = Error;
  // Refusals are thousands, and their stacks cost more than all the rest.
  if (note === undefined) Error.stackTraceLimit = 0;
  const { scheduler, model, counts } = world;
  const startedAt = scheduler.now();
  let violation: string | undefined;
  let simulatedMs = 0;
  try {
    await live(world);
    simulatedMs = scheduler.now() - startedAt;
    await tidyUp(world);
    await checkEnd(world);
  } catch (cause) {
    violation = violated(seed, cause);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return {
    seed,
    simulatedMs,
    steps: scheduler.steps(),
    operations: model.operations.size,
    commits: [...model.records.values()].reduce((sum, { commits }) => sum + commits.length, 0),
    counts,
    violation,
    digest: digestOf(world),
  };
};
