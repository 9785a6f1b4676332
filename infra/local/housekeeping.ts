import { deadLetters } from "../../functions/dead-letters.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { drain } from "../../functions/drain.ts";
import { sweep } from "../../functions/sweep.ts";
import type { OperationId } from "../../shared/operation.ts";
import { queueEvent } from "./queue-event.ts";
import { throwFields } from "./throw-fields.ts";

/** How long the drain lags behind, so that one run serves many settles; how many ids make it run at once. */
const drainLag = { ms: 50, ids: 512 };

export interface LaggingDrain {
  finished(ids: readonly OperationId[]): void;
  /** Drains what is left. */
  stop(): Promise<void>;
}

/** Drains after settles, one run at a time; what it misses, the sweep finds. */
export const laggingDrain = (deps: Dependencies): LaggingDrain => {
  let ids: OperationId[] = [];
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  const drainAll = async () => {
    while (ids.length > 0) {
      const batch = ids;
      ids = [];
      await guarded(deps, "drain.failed", () => drain(deps, batch));
    }
    current = undefined;
  };
  const run = () => {
    clearTimeout(timer);
    timer = undefined;
    return (current ??= drainAll());
  };
  return {
    finished: (more) => {
      ids.push(...more);
      if (ids.length >= drainLag.ids) void run();
      else timer ??= setTimeout(run, drainLag.ms);
    },
    stop: run,
  };
};

/** Runs the sweep and takes dead letters, now and then every so often; `stop` waits for the run under way. */
export const startSweeps = (deps: Dependencies, everyMs: number): { stop(): Promise<void> } => {
  let current = Promise.resolve();
  const turn = async () => {
    await guarded(deps, "sweep.failed", () => sweep(deps));
    await guarded(deps, "dead-letters.failed", () => takeDeadLetters(deps));
  };
  const timer = setInterval(() => {
    current = current.then(turn);
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return current;
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
