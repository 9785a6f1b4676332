import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { progressBar } from "../../infra/local/sample/progress-bar.ts";
import { crashPlaces, kinds } from "./faults.ts";
import { type History, runHistory } from "./history.ts";

const usage = `Runs the service in simulated worlds: each seed is one history of faults, and the same seed is the same history.

  npm run simulate [-- flags]

  --seeds N   so many histories (1000)
  --from S    the first seed (1)
  --jobs J    threads (as many as there are processors, 4 at most)
  --seed S    one history, told line by line

Exit code 1: something happened that must not, or a kind of fault never did.
`;

/** From so many histories on, a process has ended before and after each call. */
const longRun = 5_000;

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

const hoursOf = (ms: number): string => (ms / 3_600_000).toFixed(1);

interface Sums {
  readonly counts: Map<string, number>;
  readonly violations: History[];
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
  if (history.violation === undefined) return;
  sums.violations.push(history);
  console.error(`\nseed ${history.seed}: ${history.violation}\n  again: npm run simulate -- --seed ${history.seed}`);
};

const runAll = async (from: number, seeds: number, jobs: number): Promise<Sums> => {
  const sums: Sums = {
    counts: new Map(),
    violations: [],
    histories: 0,
    simulatedMs: 0,
    steps: 0,
    operations: 0,
    commits: 0,
  };
  const { stderr } = process;
  const bar = progressBar({ isTTY: stderr.isTTY, columns: stderr.columns, write: (text) => stderr.write(text) }, seeds);
  const threads = Array.from({ length: jobs }, (_, index) => {
    const task: Task = { from: from + index, step: jobs, end: from + seeds };
    return new Promise<void>((resolve, reject) => {
      const thread = new Worker(new URL(import.meta.url), { workerData: task });
      thread.on("message", (history: History) => {
        add(sums, history);
        bar.show(sums.histories, `${hoursOf(sums.simulatedMs)} h simulated, ${sums.violations.length} violations`);
      });
      thread.on("error", reject);
      thread.on("exit", () => resolve());
    });
  });
  await Promise.all(threads);
  bar.end();
  return sums;
};

const report = ({ counts, violations, histories, simulatedMs, steps, operations, commits }: Sums): void => {
  for (const kind of kinds) console.log(`${String(counts.get(kind) ?? 0).padStart(9)}  ${kind}`);
  const wanted = histories >= longRun ? [...kinds, ...crashPlaces] : kinds;
  const missing = wanted.filter((kind) => !counts.has(kind));
  const met = crashPlaces.filter((place) => counts.has(place)).length;
  console.log(
    `${String(met).padStart(9)}  of ${crashPlaces.length} places of a crash, before and after every call, met`,
  );
  console.log(
    `\n${histories} histories, ${hoursOf(simulatedMs)} simulated hours, ${steps} steps, ` +
      `${operations} operations asked for, ${commits} commits, ${violations.length} violations`,
  );
  if (violations.length > 0) console.log(`seeds: ${violations.map(({ seed }) => seed).join(" ")}`);
  if (missing.length > 0) console.log(`never happened: ${missing.join("; ")}`);
  if (violations.length > 0 || missing.length > 0) process.exitCode = 1;
};

const tellOne = async (seed: number): Promise<void> => {
  const { violation, steps } = await runHistory(seed, (line) => console.log(line));
  console.log(`seed ${seed}, ${steps} steps: ${violation ?? "nothing that must not happen"}`);
  if (violation !== undefined) process.exitCode = 1;
};

const main = async (): Promise<void> => {
  const number = { type: "string" } as const;
  const options = { seeds: number, from: number, jobs: number, seed: number, help: { type: "boolean" } } as const;
  const { values } = parseArgs({ options });
  const numbers = [
    values.seeds ?? "1000",
    values.from ?? "1",
    values.jobs ?? String(Math.min(4, availableParallelism())),
  ];
  const [seeds = 0, from = 0, jobs = 0] = numbers.map(Number);
  const all = [seeds, from, jobs, Number(values.seed ?? 0)];
  if (values.help === true || !all.every((one) => Number.isSafeInteger(one)) || jobs < 1) console.log(usage);
  else if (values.seed !== undefined) await tellOne(Number(values.seed));
  else report(await runAll(from, seeds, Math.min(jobs, seeds)));
};

if (isMainThread) await main();
else await work(workerData as Task);
