import { collectAll } from "../../functions/collect.ts";
import { compactPatient } from "../../functions/compact.ts";
import { deadLetters } from "../../functions/dead-letters.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { drain } from "../../functions/drain.ts";
import { sweep } from "../../functions/sweep.ts";
import type { OperationMessage, PatientId } from "../../shared/operation.ts";
import { queueEvent } from "./queue-event.ts";
import { throwFields } from "../../functions/throw-fields.ts";

/** How long the drain lags behind, so that one run serves many settles; how many messages make it run at once. */
const drainLag = { ms: 50, messages: 512 };

/** After so many finished operations of one patient it is looked whether its segments are due for compaction. */
const compactionEvery = 32;
/** Patients counted at most; beyond that the counts start again. */
const mostCounted = 10_000;

export interface LaggingDrain {
  finished(messages: readonly OperationMessage[]): void;
  /** Drains what is left. */
  stop(): Promise<void>;
}

/** Drains after settles, and compacts when due, one run at a time; what it misses, the sweep finds. */
export const laggingDrain = (deps: Dependencies): LaggingDrain => {
  let messages: OperationMessage[] = [];
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  const compact = compactionAfter(deps);
  const drainAll = async () => {
    while (messages.length > 0) {
      const batch = messages;
      messages = [];
      const ids = batch.map(({ operationId }) => operationId);
      await guarded(deps, "drain.failed", () => drain(deps, ids));
      await guarded(deps, "compaction.failed", () => compact(batch));
    }
    current = undefined;
  };
  const run = async () => {
    clearTimeout(timer);
    timer = undefined;
    // A run without messages would end before `current` is set, and `current` would then never be cleared.
    if (messages.length > 0) current ??= drainAll();
    await current;
  };
  return {
    finished: (more) => {
      messages.push(...more);
      if (messages.length >= drainLag.messages) void run();
      else timer ??= setTimeout(() => void run(), drainLag.ms);
    },
    stop: run,
  };
};

const compactionAfter = (deps: Dependencies) => {
  const counts = new Map<PatientId, number>();
  return async (messages: readonly OperationMessage[]): Promise<void> => {
    for (const { patientId } of messages) {
      const count = (counts.get(patientId) ?? 0) + 1;
      counts.set(patientId, count % compactionEvery);
      if (count === compactionEvery) await compactPatient(deps, patientId);
    }
    if (counts.size > mostCounted) counts.clear();
  };
};

export interface Schedule {
  /** Sweep and dead letters, ms. */
  readonly sweepEveryMs: number;
  /** Collection of garbage, ms; far longer than any read takes. */
  readonly collectEveryMs: number;
}

/** Sweeps, takes dead letters and collects garbage, each every so often; `stop` waits for the run under way. */
export const startHousekeeping = (deps: Dependencies, schedule: Schedule): { stop(): Promise<void> } => {
  const sweeps = everySoOften(schedule.sweepEveryMs, async () => {
    await guarded(deps, "sweep.failed", () => sweep(deps));
    await guarded(deps, "dead-letters.failed", () => takeDeadLetters(deps));
  });
  const collections = everySoOften(schedule.collectEveryMs, () =>
    guarded(deps, "collection.failed", () => collectAll(deps)),
  );
  return {
    stop: async () => {
      await Promise.all([sweeps.stop(), collections.stop()]);
    },
  };
};

/** One run at a time: a turn that comes while the last one is under way is left out. */
const everySoOften = (everyMs: number, work: () => Promise<void>): { stop(): Promise<void> } => {
  let current: Promise<void> | undefined;
  const timer = setInterval(() => {
    current ??= work().finally(() => {
      current = undefined;
    });
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await current;
    },
  };
};

const takeDeadLetters = async (deps: Dependencies): Promise<void> => {
  const queue = deps.engine.queue.deadLetters;
  const park = deadLetters(deps);
  for (;;) {
    const messages = await queue.receive(10);
    if (messages.length === 0) return;
    await park(queueEvent(messages));
    await queue.delete(messages.map(({ receipt }) => receipt));
  }
};

/** Whatever goes wrong is logged and tried again at the next turn; the worker lives on. */
const guarded = async ({ log }: Dependencies, event: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (cause) {
    log("error", event, throwFields(cause));
  }
};
