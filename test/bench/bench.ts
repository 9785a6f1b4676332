import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orUsage } from "../../infra/local/or-usage.ts";
import { readFlags, UsageError } from "../../infra/local/read-flags.ts";
import { startService } from "../support/service.ts";
import { dealt, mostClients, stageOn, type Stage } from "./bench-run.ts";
import { checkedRun } from "./checked.ts";
import { coldFigures } from "./cold.ts";
import { markdownOf, tableOf, violations, type Figure } from "./figures.ts";
import { startDriver } from "./load/driver.ts";
import { describeMachine, type Machine } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { creates } from "./scenarios/creates.ts";
import { disk } from "./scenarios/disk.ts";
import { guarded } from "./scenarios/guarded.ts";
import { growth, stored } from "./scenarios/growth.ts";
import { history } from "./scenarios/history.ts";
import { portCalls } from "./scenarios/port-calls.ts";
import { reads } from "./scenarios/reads.ts";
import { memory, restart } from "./scenarios/restart.ts";
import { syncs } from "./scenarios/syncs.ts";
import { updates } from "./scenarios/updates.ts";

/** In this order: each finds what those before it have stored, and the last one ends the service. */
const scenarios: readonly Scenario[] = [
  updates,
  creates,
  guarded,
  reads,
  syncs,
  portCalls,
  disk,
  history,
  growth,
  stored,
  memory,
  restart,
];

const usage = `Measures the service on this machine: real processes, sockets, tokens, signatures and fsyncs.

  npm run bench [-- flags]

  --only A,B     only these of ${scenarios.map(({ name }) => name).join(", ")}
  --checked N    instead: N operations whose every request and answer is held against the histories that git clones
  --cold         instead: sizes and first imports of the functions as bundled for AWS
  --quick        shorter and smaller
  --json FILE    also writes all figures to a file
  --markdown     prints a Markdown table, for docs/performance.md

Exit code 1: a count or a ratio is over its limit, or a history was wrong. A time that is missed is shown, no more.
2: the flags are wrong.
`;

const flags = {
  only: { type: "string" },
  checked: { type: "string" },
  cold: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  json: { type: "string" },
  markdown: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Imports of each bundle. */
const coldRuns = { quick: 3, full: 9 };
const measurementMs = { quick: 1_500, full: 5_000 };
/** Load before the start, as a share of the cores, that is worth a warning. */
const busyShare = 0.3;

const chosen = (only: string | undefined): readonly Scenario[] => {
  if (only === undefined) return scenarios;
  return only.split(",").map((name) => {
    const found = scenarios.find((scenario) => scenario.name === name.trim());
    if (found === undefined) throw new UsageError(`there is no scenario ${name}`);
    return found;
  });
};

const machineText = ({ cores, cpu, memoryGb, kernel, node, fsyncMs, signMs, load, at }: Machine): string =>
  [
    `${at}: ${cores} cores, ${cpu}, ${memoryGb} GB, Linux ${kernel}, Node ${node}`,
    `fsync of 4 KB ${fsyncMs.toFixed(3)} ms, Ed25519 signature ${signMs.toFixed(3)} ms (medians); load average before ${load.toFixed(2)}`,
    ...(load > cores * busyShare
      ? ["The machine was busy before, which makes times longer: see what the notes say of the CPU."]
      : []),
  ].join("\n");

const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);

const warmUpMs = { quick: 4_000, full: 10_000 };

/** The first thousands of requests meet code that is not compiled yet: they cost about twice as much. */
const warmUp = async (stage: Stage, quick: boolean): Promise<void> => {
  const files = dealt(await stage.seed(64), mostClients);
  const forMs = quick ? warmUpMs.quick : warmUpMs.full;
  await stage.run({ kind: "update", clients: mostClients, forMs, files });
};

const measureAll = async (run: readonly Scenario[], quick: boolean) => {
  await using service = await startService();
  await using driver = startDriver();
  const machine = describeMachine(service.data);
  progress(machineText(machine));
  const forMs = quick ? measurementMs.quick : measurementMs.full;
  const bench = { quick, driver, progress, forMs, stage: await stageOn(service, driver) };
  progress("warming up …");
  await warmUp(bench.stage, quick);
  const figures: Figure[] = [];
  for (const scenario of run) {
    progress(`${scenario.name} …`);
    figures.push(...(await scenario.measure(bench)));
  }
  return { machine, figures };
};

const measureCold = async (quick: boolean) => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-cold-"));
  try {
    const machine = describeMachine(folder);
    progress(machineText(machine));
    return { machine, figures: await coldFigures({ folder, runs: quick ? coldRuns.quick : coldRuns.full, progress }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const runChecked = async (operations: number): Promise<void> => {
  if (!Number.isInteger(operations) || operations < 100)
    throw new UsageError("--checked takes a whole number from 100 on");
  const { text, isFine } = await checkedRun(operations, progress);
  process.stdout.write(`${text}\n`);
  if (!isFine) process.exitCode = 1;
};

const main = async (): Promise<void> => {
  const { checked, cold, only, quick, json, markdown, help } = readFlags(process.argv.slice(2), flags);
  if (help) {
    process.stdout.write(usage);
    return;
  }
  if (cold && only !== undefined) throw new UsageError("--cold measures no scenario: leave out --only");
  if (checked !== undefined) return runChecked(Number(checked));
  const { machine, figures } = cold ? await measureCold(quick) : await measureAll(chosen(only), quick);
  const table = markdown ? markdownOf(figures) : tableOf(figures);
  process.stdout.write(`${machineText(machine)}\n\n${table}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, quick, figures }, undefined, 2)}\n`);
  const violated = violations(figures);
  for (const { name, note } of violated) process.stderr.write(`over its limit: ${name} ${note ?? ""}\n`);
  if (violated.length > 0) process.exitCode = 1;
};

await orUsage(usage, main);
