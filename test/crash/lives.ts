import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type FaultPoint, faultPoints } from "../../functions/fault-points.ts";
import type { CrashStore, LifeLine, LifeOrder } from "./life.ts";

const lifeModule = fileURLToPath(new URL("life.ts", import.meta.url));
const compileCache = fileURLToPath(new URL("../../.cache/compile", import.meta.url));

/** A process that lives one life, and what it has told so far. */
const startLife = (order: LifeOrder) => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", lifeModule], {
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, CASENOTES_LIFE: JSON.stringify(order) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    child.emit("told");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const lines = (): LifeLine[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LifeLine);
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    lines,
    /** Resolves when it says that it reached its point. */
    reached: async (): Promise<void> => {
      while (!lines().some(({ told }) => told === "reached")) {
        const end = child.exitCode ?? child.signalCode;
        if (end !== null) throw new Error(`it ended with ${end} before it reached its point: ${errors}`);
        await Promise.race([once(child, "told"), closed]);
      }
    },
    thaw: () => child.kill("SIGCONT"),
    /** True when it came to its end; false when it was killed. Throws when it failed by itself. */
    ended: async (): Promise<boolean> => {
      const [code, signal] = await closed;
      if (signal === "SIGKILL") return false;
      if (code === 0) return true;
      throw new Error(`a life ended with ${code ?? signal}: ${errors}`);
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
};

const sentBy = (lines: readonly LifeLine[]): string[] =>
  lines.flatMap((line) => (line.told === "effect" ? [line.id] : []));

/** Points at which a writer holds the lease, and what it is about to settle is not settled yet. */
const unsettledPoints: ReadonlySet<FaultPoint> = new Set(["after-acquire", "after-decide", "after-segment"]);

/** How the settle ended that a freeze at this point made late: "settled", a fault, or "none" when none was tried. */
const lateEnd = (lines: readonly LifeLine[], point: FaultPoint): string => {
  if (!unsettledPoints.has(point)) return "nothing was late";
  const afterFreeze = lines.slice(lines.findIndex(({ told }) => told === "reached"));
  return afterFreeze.find((line) => line.told === "end")?.end ?? "none";
};

interface Telling {
  readonly store: CrashStore;
  readonly seed: string;
  readonly startedAt: number;
}

export interface Crash {
  readonly point: FaultPoint;
  /** Which time it is reached, in that life. */
  readonly count: number;
}

/** Lives one life after the other, each killed where `crashes` says, until one comes to its end. */
export const liveThrough = async (telling: Telling, crashes: readonly Crash[]) => {
  const fired: FaultPoint[] = [];
  const sent = new Set<string>();
  for (const [number] of [...crashes, undefined].entries()) {
    const crash = crashes[number];
    using life = startLife({ ...telling, ...(crash && { fault: { ...crash, signal: "SIGKILL" } }) });
    const isDone = await life.ended();
    for (const id of sentBy(life.lines())) sent.add(id);
    if (isDone) break;
    if (crash) fired.push(crash.point);
  }
  return { fired, sent };
};

/**
 * One process stops at the point, with all that it holds; another does its work when its lease and its claim have run
 * out; then the first goes on, with a settle that is too late.
 */
export const freezeAt = async (telling: Telling, point: FaultPoint) => {
  using frozen = startLife({ ...telling, fault: { point, count: 1, signal: "SIGSTOP" } });
  await frozen.reached();
  using other = startLife(telling);
  await other.ended();
  frozen.thaw();
  await frozen.ended();
  const sent = new Set([...sentBy(frozen.lines()), ...sentBy(other.lines())]);
  return { sent, late: lateEnd(frozen.lines(), point) };
};

export interface CrashCase {
  readonly name: string;
  readonly crashes: readonly Crash[];
}

/** Each point, the first and the second time that it is reached; and each point after each. */
export const crashCases: readonly CrashCase[] = [
  ...faultPoints.flatMap((point) =>
    // A story has one effect.
    (point === "after-effect-sent" ? [1] : [1, 2]).map((count) => ({
      name: `${point}, time ${count}`,
      crashes: [{ point, count }],
    })),
  ),
  ...faultPoints.flatMap((first) =>
    faultPoints.map((second) => ({
      name: `${first}, then ${second}`,
      crashes: [first, second].map((point) => ({ point, count: 1 })),
    })),
  ),
];
