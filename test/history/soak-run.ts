import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMs, cpuMsWithEnded, machineCpuMs } from "../bench/machine.ts";
import { isAlive } from "../support/is-alive.ts";
import type { Service } from "../support/service.ts";
import { checkHistories, patientsIn, type Verdict } from "./check.ts";
import { recordedClient, type RecordedClient } from "./client.ts";
import { historiesOf } from "./histories.ts";
import { ledgerTo, makeLedger, readLedger } from "./ledger.ts";
import { type Load, soakLoad, type SoakLoad } from "./soak-load.ts";

export interface Stretch extends Load {
  /** CPU time of the service, with its processes that ended, and of who loads it, ms. */
  readonly cpuMs: number;
  /** CPU time that the rest of the machine had, ms. */
  readonly othersMs: number;
}

export interface SoakPlan {
  readonly patients: number;
  readonly clients: number;
  /** Processes that are killed, one picked at random each time. */
  readonly members: readonly string[];
  readonly killEveryMs: number;
  /** Pairs of stretches, one left alone and one with kills: what else the machine does meets both. */
  readonly pairs: number;
  readonly stretchMs: number;
  /** A stretch with kills lasts until there were so many of them, and so many operations are committed, however slow the machine. */
  readonly least?: { readonly kills: number; readonly committed: number };
  readonly progress: (text: string) => void;
}

export interface SoakResult {
  readonly verdict: Verdict;
  readonly kills: number;
  readonly undisturbed: Stretch;
  readonly disturbed: Stretch;
  readonly statuses: Readonly<Record<number, number>>;
  /** Time that the check took, cloning and all, s. */
  readonly checkSeconds: number;
}

export const perSecond = ({ committed, seconds }: Stretch): number => committed / seconds;

/** Load on a service whose processes are killed now and then; all histories are cloned and checked at the end. */
export const soak = async (service: Service, plan: SoakPlan): Promise<SoakResult> => {
  const home = mkdtempSync(join(tmpdir(), "casenotes-soak-"));
  const file = join(home, "ledger.jsonl");
  makeLedger(file);
  const ledger = ledgerTo(file);
  const clients = await Promise.all(
    Array.from({ length: plan.clients }, async (_, number) => {
      const token = await service.token({ subject: `client-${number}`, minutes: 12 * 60 });
      return recordedClient({ url: service.url, token, number, ledger });
    }),
  );
  try {
    const load = soakLoad(
      clients,
      Array.from({ length: plan.patients }, () => randomUUID()),
    );
    plan.progress(`${plan.patients} patients …`);
    await load.prepare();
    const told = await stretches(service, plan, load);
    await closeAll(clients);
    ledger.flush();
    plan.progress("cloning every history, and checking …");
    const began = performance.now();
    const lines = readLedger(file);
    const source = { url: service.url, token: await service.token() };
    const verdict = checkHistories(lines, await historiesOf(source, patientsIn(lines)));
    return { ...told, verdict, statuses: load.statuses, checkSeconds: (performance.now() - began) / 1_000 };
  } finally {
    await closeAll(clients);
    rmSync(home, { recursive: true });
  }
};

const closeAll = async (clients: readonly RecordedClient[]): Promise<void> => {
  for (const client of clients) await client[Symbol.asyncDispose]();
};

const nothing: Stretch = { committed: 0, seconds: 0, cpuMs: 0, othersMs: 0 };

const sumOf = (a: Stretch, b: Stretch): Stretch => ({
  committed: a.committed + b.committed,
  seconds: a.seconds + b.seconds,
  cpuMs: a.cpuMs + b.cpuMs,
  othersMs: a.othersMs + b.othersMs,
});

/** What a process that ended has used is in the supervisor's own figure. */
const cpuMsOf = (pid: number): number => {
  try {
    return cpuMs(pid);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ESRCH")) return 0;
    throw cause;
  }
};

const cpuOf = (service: Service, members: readonly string[]): number => {
  const ofMembers = members.reduce((sum, member) => sum + cpuMsOf(service.pid(member)), 0);
  const { user, system } = process.cpuUsage();
  return ofMembers + cpuMsWithEnded(service.pid("supervisor")) + (user + system) / 1_000;
};

const measured = async (service: Service, members: readonly string[], run: () => Promise<Load>): Promise<Stretch> => {
  const all = [...new Set(["http", ...members])];
  const [ours, machine] = [cpuOf(service, all), machineCpuMs()];
  const load = await run();
  const used = cpuOf(service, all) - ours;
  return { ...load, cpuMs: used, othersMs: machineCpuMs() - machine - used };
};

const stretches = async (service: Service, plan: SoakPlan, load: SoakLoad) => {
  let [undisturbed, disturbed, kills] = [nothing, nothing, 0];
  // The first requests meet code that is not compiled yet.
  await load.run(Math.min(plan.stretchMs, 3_000));
  for (let pair = 1; pair <= plan.pairs; pair += 1) {
    const calm = await measured(service, plan.members, () => load.run(plan.stretchMs));
    const least = plan.least ?? { kills: 0, committed: 0 };
    const killed = { count: 0 };
    const isWanted = (committed: number): boolean => killed.count < least.kills || committed < least.committed;
    const [storm] = await Promise.all([
      measured(service, plan.members, () => load.run(plan.stretchMs, isWanted)),
      killForAStretch(service, plan, killed),
    ]);
    kills += killed.count;
    plan.progress(
      `pair ${pair} of ${plan.pairs}: ${perSecond(calm).toFixed(0)}/s left alone, ${perSecond(storm).toFixed(0)}/s with kills`,
    );
    [undisturbed, disturbed] = [sumOf(undisturbed, calm), sumOf(disturbed, storm)];
    await untilAllServe(service, plan.members);
  }
  return { undisturbed, disturbed, kills };
};

/**
 * Kills one living member after the other while a stretch lasts, and not until the last answer: members that are killed before
 * they serve would keep it from coming. Counts them in `killed`.
 */
const killForAStretch = async (service: Service, plan: SoakPlan, killed: { count: number }): Promise<void> => {
  const { members, killEveryMs, stretchMs, least } = plan;
  const end = performance.now() + stretchMs;
  while (performance.now() < end || killed.count < (least?.kills ?? 0)) {
    const living = members.filter((member) => isAlive(service.pid(member)));
    const member = living[Math.floor(Math.random() * living.length)];
    if (member !== undefined) {
      await service.kill(member);
      killed.count += 1;
    }
    await sleep(killEveryMs);
  }
};

/** A service that is killed again and again starts ever more slowly, but not as slowly as this. */
const longestStartMs = 60_000;

/** What a start costs belongs to the stretch with the kills. */
const settleMs = 1_000;

const isServing = async (service: Service): Promise<boolean> => {
  try {
    return (await service.request("GET", "/healthz")).status === 200;
  } catch {
    return false;
  }
};

const untilAllServe = async (service: Service, members: readonly string[]): Promise<void> => {
  const end = performance.now() + longestStartMs;
  while (!members.every((member) => isAlive(service.pid(member))) || !(await isServing(service))) {
    if (performance.now() > end) throw new Error(`not all of ${members.join(", ")} started again`);
    await sleep(100);
  }
  await sleep(settleMs);
};
