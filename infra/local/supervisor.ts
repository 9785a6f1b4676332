import { fork, type ChildProcess } from "node:child_process";
import type { Log } from "../../functions/dependencies.ts";
import { heapFlagsOf, memberEnvironment } from "./member-memory.ts";
import { misconfigured, type MemberMessage, type SupervisorMessage } from "./member.ts";
import { throwFields } from "../../functions/throw-fields.ts";

export interface MemberPlan {
  readonly name: string;
  readonly role: "http" | "worker";
  /** Absolute path of the module it runs. */
  readonly module: string;
}

export interface SupervisorOptions {
  readonly members: readonly MemberPlan[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Gives back what dead processes held, so that nobody waits for a time-out; true when there was anything. */
  readonly giveBack: () => Promise<boolean>;
  /** All members serve, for the first time. */
  readonly onReady: (url: string) => void;
  /** A member cannot start, and never could. */
  readonly onGivingUp: () => void;
}

export interface Supervisor {
  /** HTTP first, since its waiting clients need the workers; resolves when every member has ended, within 10 s. */
  stop(): Promise<void>;
}

interface Running {
  readonly plan: MemberPlan;
  child: ChildProcess | undefined;
  /** Since when it serves; undefined while it does not. */
  readyAt: number | undefined;
  quickDeaths: number;
  starts: number;
  restart: NodeJS.Timeout | undefined;
}

const times = {
  httpDrainMs: 6_000,
  workerDrainMs: 3_000,
  killMs: 500,
  termGraceMs: 200,
  giveBackMs: 1_000,
  livedMs: 1_000,
  mostBackOffMs: 5_000,
  startsBeforeGivingUp: 4,
};

/** Keeps the members running: restarts what dies, relays hints between HTTP and workers, stops all in order. */
export const supervise = (options: SupervisorOptions): Supervisor => {
  const running = options.members.map((plan): Running => ({
    plan,
    child: undefined,
    readyAt: undefined,
    quickDeaths: 0,
    starts: 0,
    restart: undefined,
  }));
  const shared = { running, options, stopping: false, url: undefined as string | undefined, announced: false };
  for (const member of running) start(shared, member);
  void giveBack(shared);
  const watch = setInterval(() => void giveBack(shared), times.giveBackMs);
  return {
    stop: async () => {
      shared.stopping = true;
      clearInterval(watch);
      for (const member of running) clearTimeout(member.restart);
      await stopRole(running, "http", times.httpDrainMs);
      await stopRole(running, "worker", times.workerDrainMs);
    },
  };
};

interface Shared {
  readonly running: readonly Running[];
  readonly options: SupervisorOptions;
  stopping: boolean;
  /** Of the HTTP process; its port is kept over a restart. */
  url: string | undefined;
  announced: boolean;
}

const start = (shared: Shared, member: Running): void => {
  const { options } = shared;
  const port = shared.url === undefined ? {} : { CASENOTES_RESTART_PORT: new URL(shared.url).port };
  // An armed fault point ends a member once, not each of its lives.
  const fault = member.starts === 0 ? {} : { CASENOTES_FAULT_POINT: "" };
  member.starts += 1;
  const child = fork(member.plan.module, [...options.args], {
    env: { ...memberEnvironment, ...options.env, ...port, ...fault, CASENOTES_MEMBER: member.plan.name },
    execArgv: ["--disable-warning=ExperimentalWarning", ...heapFlagsOf(process.versions)],
  });
  member.child = child;
  options.log("info", "member.started", { member: member.plan.name, memberPid: child.pid });
  child.on("message", (message: MemberMessage) => take(shared, member, message));
  child.on("error", (cause) => options.log("error", "member.error", { member: member.plan.name, error: cause.name }));
  child.on("exit", (code, signal) => void ended(shared, member, { code, signal }));
};

const take = (shared: Shared, member: Running, message: MemberMessage): void => {
  if (message.kind === "hint") return relay(shared, member, message);
  if (message.kind === "ready") return nowReady(shared, member, message.url);
  // A signal to the whole group reaches the supervisor as well; then it stops the members in order.
  setTimeout(() => {
    if (!shared.stopping) tell(member, { kind: "drain" });
  }, times.termGraceMs);
};

/** Queued work concerns the workers; outcomes concern the HTTP process, and workers whose queue got longer. */
const relay = ({ running }: Shared, from: Running, message: SupervisorMessage & { readonly kind: "hint" }): void => {
  for (const member of running) {
    if (member === from || member.readyAt === undefined) continue;
    if (member.plan.role === "http" ? message.settled.length > 0 : message.queued) tell(member, message);
  }
};

/**
 * What was given back is work for the workers that live. Done at the start, when a worker died, and every so often:
 * a process of another supervisor, or one that was still ending, shows as gone only later.
 */
const giveBack = async ({ running, options }: Shared): Promise<void> => {
  try {
    if (!(await options.giveBack())) return;
    for (const member of running)
      if (member.plan.role === "worker") tell(member, { kind: "hint", queued: true, settled: [] });
  } catch (cause) {
    options.log("error", "give-back.failed", throwFields(cause));
  }
};

const tell = ({ child }: Running, message: SupervisorMessage): void => {
  if (child?.connected === true) child.send(message, () => {}); // a member that just died hears nothing
};

const nowReady = (shared: Shared, member: Running, url: string | undefined): void => {
  member.readyAt = Date.now();
  if (url !== undefined) shared.url = url;
  if (shared.announced || shared.url === undefined || shared.running.some(({ readyAt }) => readyAt === undefined))
    return;
  shared.announced = true;
  shared.options.onReady(shared.url);
};

const ended = async (
  shared: Shared,
  member: Running,
  { code, signal }: { readonly code: number | null; readonly signal: string | null },
): Promise<void> => {
  const { options } = shared;
  member.child = undefined;
  if (shared.stopping) return;
  const servedMs = member.readyAt === undefined ? 0 : Date.now() - member.readyAt;
  const hasLived = servedMs > times.livedMs;
  member.readyAt = undefined;
  member.quickDeaths = hasLived ? 0 : member.quickDeaths + 1;
  const restartMs = restartWait(member);
  options.log("warn", "member.ended", { member: member.plan.name, code, signal, servedMs, restartMs });
  const hopeless = code === misconfigured || member.quickDeaths >= times.startsBeforeGivingUp;
  if (hopeless && !shared.announced) return options.onGivingUp();
  if (member.plan.role === "worker") await giveBack(shared);
  if (!shared.stopping) member.restart = setTimeout(() => start(shared, member), restartMs);
};

/** The first restart is at once; one that keeps dying before it has served for a second is restarted ever more slowly. */
const restartWait = ({ quickDeaths }: Running): number =>
  quickDeaths <= 1 ? 0 : Math.min(times.mostBackOffMs, 50 * 2 ** quickDeaths);

const stopRole = async (running: readonly Running[], role: MemberPlan["role"], drainMs: number): Promise<void> => {
  const ends = running
    .filter((member) => member.plan.role === role)
    .map(async (member) => {
      const { child } = member;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise<void>((resolve) => {
        child.once("exit", () => resolve());
      });
      tell(member, { kind: "drain" });
      const timer = setTimeout(() => child.kill("SIGKILL"), drainMs);
      await exited;
      clearTimeout(timer);
    });
  await Promise.all(ends);
};
