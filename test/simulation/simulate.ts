import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { orUsage } from "../../infra/local/or-usage.ts";
import { readFlags, UsageError } from "../../infra/local/read-flags.ts";
import { progressBar } from "../../infra/local/sample/progress-bar.ts";
import { crashPlaces, kinds } from "./faults.ts";
import { again, type History, runHistory } from "./history.ts";

const usage = `Runs the service in simulated worlds: each seed is one history of faults, and the same seed is the same history.

  npm run simulate [-- flags]

  --seeds N   so many histories (1000)
  --from S    the first seed (1)
  --jobs J    threads (as many as there are processors, 4 at most)
  --seed S    one history, told line by line

Exit code 1: something happened that must not; or, in 1,000 histories or more, a kind of fault never did; or, in 5,000 or
more, no process ended before or after one of the calls. 2: the flags are wrong.
`;

/** From so many histories on, each kind of fault has happened. */
const run = 1_000;

/** From so many histories on, a process has ended before and after each call. */
const longRun = 5_000;
/** Every so many seeds one is told again, in another thread: it must not depend on what was told before it. */
const againEach = 100;

interface Task {
  readonly from: number;
  readonly step: number;
  readonly end: number;
}

/** In a thread: every `step`-th seed. */
const work = async ({ from, step, end }: Task): Promise<void> => {
  for (let seed = from; seed < end; seed += step) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
    parentPort?.postMessage(await runHistory(seed));
  }
};

const sum = (total: Map<string, number>, counts: ReadonlyMap<string, number>): void => {
  for (const [kind, count] of counts) total.set(kind, (total.get(kind) ?? 0) + count);
};

/** Runs a task in a thread. */
const inThread = (task: Task, hear: (history: History) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: task });
    thread.on("message", hear);
    thread.on("error", reject);
    thread.on("exit", () => resolve());
  });

const hoursOf = (ms: number): string => (ms / 3_600_000).toFixed(1);

interface Sums {
  readonly counts: Map<string, number>;
  /** Seeds. */
  readonly violations: number[];
  /** Of the histories that are told again. */
  readonly digests: Map<number, string>;
  histories: number;
  simulatedMs: number;
  steps: number;
  operations: number;
  commits: number;
}

const add = (sums: Sums, history: History): void => {
  sums.histories += 1;
  sums.simulatedMs += history.simulatedMs;
  sums.steps += history.steps;
  sums.operations += history.operations;
  sums.commits += history.commits;
  sum(sums.counts, history.counts);
  if (history.seed % againEach === 0) sums.digests.set(history.seed, history.digest);
  if (history.violation !== undefined) accuse(sums, history.seed, history.violation);
};

const accuse = ({ violations }: Sums, seed: number, violation: string): void => {
  violations.push(seed);
  console.error(`\nseed ${seed}: ${violation}`);
};

const tellAgain = (sums: Sums, from: number, end: number): Promise<void> => {
  const first = Math.ceil(from / againEach) * againEach;
  return inThread({ from: first, step: againEach, end }, ({ seed, digest }) => {
    if (digest !== sums.digests.get(seed)) accuse(sums, seed, `told again, it is another history\n  ${again(seed)}`);
  });
};

const runAll = async (from: number, seeds: number, jobs: number): Promise<Sums> => {
  const sums: Sums = {
    counts: new Map(),
    violations: [],
    digests: new Map(),
    histories: 0,
    simulatedMs: 0,
    steps: 0,
    operations: 0,
    commits: 0,
  };
  const { stderr } = process;
  const bar = progressBar({ isTTY: stderr.isTTY, columns: stderr.columns, write: (text) => stderr.write(text) }, seeds);
  const hear = (history: History): void => {
    add(sums, history);
    bar.show(sums.histories, `${hoursOf(sums.simulatedMs)} h simulated, ${sums.violations.length} violations`);
  };
  const end = from + seeds;
  await Promise.all(
    Array.from({ length: jobs }, (_, index) => inThread({ from: from + index, step: jobs, end }, hear)),
  );
  bar.end();
  await tellAgain(sums, from, end);
  return sums;
};

const lineOf = (count: number, what: string): string => `${String(count).padStart(9)}  ${what}`;

const report = ({ counts, digests, violations, histories, simulatedMs, steps, operations, commits }: Sums): void => {
  const countOf = (kind: string): number => counts.get(kind) ?? 0;
  for (const kind of kinds) console.log(lineOf(countOf(kind), kind));
  const met = crashPlaces.filter((place) => counts.has(place)).length;
  console.log(lineOf(met, `of ${crashPlaces.length} places of a crash, before and after every call, met`));
  for (const place of crashPlaces.toSorted((a, b) => countOf(a) - countOf(b)).slice(0, 3))
    console.log(lineOf(countOf(place), `the rarest: ${place}`));
  console.log(
    `\n${histories} histories, ${hoursOf(simulatedMs)} simulated hours, ${steps} steps, ` +
      `${operations} operations asked for, ${commits} commits, ${violations.length} violations; ` +
      `${digests.size} told again by another thread`,
  );
  if (violations.length > 0) console.log(`seeds: ${violations.join(" ")}; ${again(violations[0] ?? 0)}`);
  const missing = (histories < longRun ? kinds : [...kinds, ...crashPlaces]).filter((kind) => !counts.has(kind));
  if (missing.length > 0) console.log(`never happened: ${missing.join("; ")}`);
  if (violations.length > 0 || (missing.length > 0 && histories >= run)) process.exitCode = 1;
};

const tellOne = async (seed: number): Promise<void> => {
  const { violation, steps } = await runHistory(seed, (line) => console.log(line));
  console.log(`seed ${seed}, ${steps} steps: ${violation ?? "nothing that must not happen"}`);
  if (violation !== undefined) process.exitCode = 1;
};

const number = { type: "string" } as const;
const options = { seeds: number, from: number, jobs: number, seed: number, help: { type: "boolean" } } as const;

const wholeNumber = (flag: string, text: string, least = 0): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${flag} must be a whole number from ${least} on.`);
};

const main = async (): Promise<void> => {
  const given = readFlags(process.argv.slice(2), options);
  if (given.help === true) return console.log(usage);
  if (given.seed !== undefined) return tellOne(wholeNumber("seed", given.seed));
  const seeds = wholeNumber("seeds", given.seeds ?? "1000", 1);
  const from = wholeNumber("from", given.from ?? "1");
  const jobs = wholeNumber("jobs", given.jobs ?? String(Math.min(4, availableParallelism())), 1);
  report(await runAll(from, seeds, Math.min(jobs, seeds)));
};

if (isMainThread) await orUsage(usage, main);
else await work(workerData as Task);
