import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startService, type Service } from "../../support/service.ts";
import { dealt, refreshed, stageOn } from "../bench-run.ts";
import type { CommitCounts } from "../count-commits.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

const members = ["http", "worker-1"] as const;

/** What the processes have counted so far, added up. */
const countsOf = async (service: Service, folder: string): Promise<Omit<CommitCounts, "asked">> => {
  const sum = { synced: 0, unsynced: 0 };
  for (const member of members) {
    const path = join(folder, `${service.pid(member)}.json`);
    const asked = readCounts(path)?.asked ?? 0;
    process.kill(service.pid(member), "SIGUSR2");
    const counts = await written(path, asked);
    sum.synced += counts.synced;
    sum.unsynced += counts.unsynced;
  }
  return sum;
};

const written = async (path: string, asked: number): Promise<CommitCounts> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const counts = readCounts(path);
    if (counts !== undefined && counts.asked > asked) return counts;
    await pause(5);
  }
  throw new Error("a process does not tell its counts");
};

const readCounts = (path: string): CommitCounts | undefined => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as CommitCounts;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
};

/** Transactions with an fsync, on a service of its own whose processes count them. */
const measure = async ({ driver, quick, progress }: Bench): Promise<readonly Figure[]> => {
  const folder = await mkdtemp(join(tmpdir(), "casenotes-counts-"));
  try {
    const counter = new URL("../count-commits.ts", import.meta.url).href;
    await using service = await startService({ env: { NODE_OPTIONS: `--import ${counter}`, BENCH_COUNTS: folder } });
    const stage = await stageOn(service, driver);
    const records = await stage.seed(64);
    const figures: Figure[] = [];
    for (const clients of [1, 32]) {
      progress(`${clients} clients`);
      const files = await refreshed(stage, dealt(records, clients));
      const before = await countsOf(service, folder);
      const requests = (quick ? 100 : 300) * Math.min(clients, 10);
      const { load } = await stage.run({ kind: "update", clients, forMs: 20_000, requests, files });
      const after = await countsOf(service, folder);
      figures.push(syncsFigure(clients, load.rounds, (key) => after[key] - before[key]));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const syncsFigure = (clients: number, updates: number, grown: (key: "synced" | "unsynced") => number): Figure => ({
  name: clients === 1 ? "fsyncs in sequence, one waiting client" : `fsyncs per update, ${clients} clients`,
  value: grown("synced") / updates,
  unit: "",
  // What runs beside the one request may add a transaction now and then, not to each.
  ...(clients === 1 && { target: { at: "most", value: 3, check: true } as const }),
  note: `transactions with synchronous=FULL that changed something; beside them ${(grown("unsynced") / updates).toFixed(2)} without fsync`,
});

export const syncs: Scenario = { name: "syncs", measure };
