import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import type { FaultPoint } from "../../functions/fault-points.ts";
import { processIsAlive } from "../../infra/local/sqlite/processes.ts";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { startWorker } from "../../infra/local/worker.ts";
import { Fault } from "../../shared/errors.ts";
import type { Engine } from "../../shared/ports.ts";
import { type Asked, aStory, watchingEffects } from "../support/story.ts";
import { dependenciesOn } from "../support/write-path.ts";

/** Where the story is told. The times are the engine's. */
export type CrashStore = { readonly leaseMs: number; readonly visibilityS: number } & (
  | { readonly kind: "embedded"; readonly file: string }
  | { readonly kind: "aws"; readonly names: AwsNames; readonly endpoint: string }
);

/** One life of a process that does everything: the caller of a story, its writer, and the drain. */
export interface LifeOrder {
  readonly store: CrashStore;
  readonly seed: string;
  readonly startedAt: number;
  /** What this process sends itself when it reaches the point for the `count`-th time. */
  readonly fault?: { readonly point: FaultPoint; readonly count: number; readonly signal: "SIGKILL" | "SIGSTOP" };
}

/** A line that the parent reads; written before this returns, so that a kill loses none. */
export type LifeLine =
  | { readonly told: "reached"; readonly point: FaultPoint }
  | { readonly told: "effect"; readonly id: string }
  /** A settle succeeded ("settled"), or a settle or a whole round of a batch ended with this fault. */
  | { readonly told: "end"; readonly end: string };

const tell = (line: LifeLine): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const faultsOf = ({ fault }: LifeOrder) => {
  let left = fault?.count ?? 0;
  return {
    armed: (point: FaultPoint): boolean => point === fault?.point && left === 1,
    reach: (point: FaultPoint): void => {
      if (point !== fault?.point || left === 0) return;
      left -= 1;
      if (left > 0) return;
      tell({ told: "reached", point });
      process.kill(process.pid, fault.signal);
    },
  };
};

type Faults = ReturnType<typeof faultsOf>;

/** The embedded engine, after what its supervisor does when a worker died; or the AWS engine, whose times run out. */
const openEngine = async (store: CrashStore, faults: Faults): Promise<Engine> => {
  const { leaseMs, visibilityS } = store;
  if (store.kind === "embedded") {
    const common = { now: Date.now, random: Math.random, newId: randomUUID, maxReceiveCount: 1_000 };
    const engine = await openSqliteEngine({ file: store.file, leaseMs, visibilityS, ...common, ...faults });
    await engine.giveBackClaims(processIsAlive);
    return engine;
  }
  const [{ awsClients }, { openAwsEngine }] = await Promise.all([
    import("../../functions/aws-clients.ts"),
    import("../../functions/aws-engine.ts"),
  ]);
  const clients = awsClients({ endpoint: store.endpoint });
  return openAwsEngine({ clients, names: store.names, leaseMs, visibilityS, reach: faults.reach });
};

const nameOf = (cause: unknown): string =>
  cause instanceof Fault ? cause.code : cause instanceof Error ? cause.name : "unknown";

/** Says how each settle ended: for the tests of frozen writers. */
const tellingOfSettles = (engine: Engine): Engine => ({
  ...engine,
  heads: {
    ...engine.heads,
    settle: async (settlement) => {
      try {
        await engine.heads.settle(settlement);
        tell({ told: "end", end: "settled" });
      } catch (cause) {
        tell({ told: "end", end: nameOf(cause) });
        throw cause;
      }
    },
  },
});

/** A round that a fault ended before its settle is told of too. */
const tellingOfRetries: Dependencies["log"] = (_level, event, fields) => {
  if (event === "group.retried") tell({ told: "end", end: `retried: ${String(fields?.["fault"])}` });
};

/** A caller that was never answered asks again with its key; one still queued is sent again then (functions/http/accept-write.ts). */
const ask = async ({ intake }: Engine, { operation, command }: Asked): Promise<void> => {
  const { id, patientId, attempt } = operation;
  const { created, operation: standing } = await intake.submit({
    operation,
    payload: Buffer.from(JSON.stringify(command)),
  });
  if (!created && standing.state === "queued") await intake.send({ operationId: id, patientId, attempt });
};

const until = async (pauseMs: number, isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(pauseMs);
};

const isEnded = async ({ operations }: Engine, stage: readonly Asked[]): Promise<boolean> =>
  (await operations.get(stage.map(({ operation }) => operation.id))).every((row) => row && row.state !== "queued");

/**
 * Nothing of this stage is left to follow: no effect, and no payload. (A row of a later stage may be there already, of a
 * life that was killed before it sent the message: that one waits until its caller asks again.)
 */
const isClean = async ({ effects, payloads }: Engine, stage: readonly Asked[]): Promise<boolean> => {
  const keys = stage.map(({ operation: { id, requestHash } }) => ({ operationId: id, requestHash }));
  return (await effects.pending(1)).length === 0 && (await payloads.get(keys)).every((bytes) => bytes === undefined);
};

const live = async (order: LifeOrder): Promise<void> => {
  const faults = faultsOf(order);
  const opened = await openEngine(order.store, faults);
  const engine = watchingEffects(tellingOfSettles(opened), (id) => tell({ told: "effect", id }));
  const { config, ...deps } = dependenciesOn(engine, { reach: faults.reach, log: tellingOfRetries });
  const story = aStory(order.seed, order.startedAt);
  const pauseMs = order.store.kind === "aws" ? 150 : 10;
  // Sweeps look at everything, often: what a drain missed must not wait for a minute.
  const swept = { ...deps, config: { ...config, payloadLookAfterMs: 0 } };
  const times = { idleMs: 10 * pauseMs, sweepEveryMs: 20 * pauseMs, collectEveryMs: 3_600_000 };
  const worker = startWorker({ deps: swept, batchSize: 64, slots: 2, ...times });
  for (const stage of story.stages) {
    for (const asked of stage) await ask(engine, asked);
    worker.wake();
    await until(pauseMs, async () => (await isEnded(engine, stage)) && (await isClean(engine, stage)));
  }
  await worker.stop();
  await engine.close();
};

// It ends with its parent, which holds our standard input: also when that is killed.
process.stdin.resume().once("end", () => process.exit(1));

await live(JSON.parse(process.env["CASENOTES_LIFE"] ?? "") as LifeOrder);
process.exit(0);
