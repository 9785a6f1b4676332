import { commitBatch } from "../../functions/commit.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { readMessage } from "../../functions/operation-message.ts";
import type { ReceivedMessage } from "../../shared/ports.ts";
import { alarmClock } from "./alarm-clock.ts";
import { laggingDrain, startHousekeeping, type LaggingDrain, type Schedule } from "./housekeeping.ts";
import { queueEvent } from "./queue-event.ts";
import { throwFields } from "../../functions/throw-fields.ts";

export interface WorkerOptions extends Schedule {
  readonly deps: Dependencies;
  /** Messages received at once. */
  readonly batchSize: number;
  /** Batches under way at the same time, of different patients. */
  readonly slots: number;
  /** Longest sleep while the queue is empty, ms. */
  readonly idleMs: number;
}

export const workerDefaults = {
  batchSize: 64,
  slots: 2,
  idleMs: 1_000,
  sweepEveryMs: 60_000,
  collectEveryMs: 60 * 60_000,
} as const;

export interface Worker {
  /** Looks at the queue now. */
  wake(): void;
  /** Takes no more work, finishes what is in hand. */
  stop(): Promise<void>;
}

/** What Lambda's event source does in AWS: receives batches, runs the commit function, deletes what it finished. */
export const startWorker = (options: WorkerOptions): Worker => {
  const { deps } = options;
  const alarm = alarmClock();
  const lagging = laggingDrain(deps);
  const housekeeping = startHousekeeping(deps, options);
  const stopping = { value: false };
  const ended = receiveLoop(options, { alarm, stopping, run: batchRunner(deps, lagging) });
  return {
    wake: alarm.ring,
    stop: async () => {
      stopping.value = true;
      alarm.ring();
      await ended;
      await Promise.all([housekeeping.stop(), lagging.stop()]);
    },
  };
};

interface Loop {
  readonly alarm: ReturnType<typeof alarmClock>;
  readonly stopping: { readonly value: boolean };
  readonly run: (messages: readonly ReceivedMessage[]) => Promise<void>;
}

const shortestSleepMs = 10;

const receiveLoop = async (options: WorkerOptions, { alarm, stopping, run }: Loop): Promise<void> => {
  const running = new Set<Promise<void>>();
  let sleepMs = shortestSleepMs;
  while (!stopping.value) {
    const batch = running.size < options.slots ? await receive(options) : [];
    if (batch.length > 0) {
      sleepMs = shortestSleepMs;
      const work = run(batch).finally(() => {
        running.delete(work);
        // A slot is free, and so are the groups of its messages.
        alarm.ring();
      });
      running.add(work);
    } else {
      const cut = await alarm.sleep(sleepMs);
      sleepMs = cut ? shortestSleepMs : Math.min(options.idleMs, sleepMs * 2);
    }
  }
  await Promise.all(running);
};

/** A fault of the store is logged and met again at the next turn, after a sleep: nothing ends the loop. */
const receive = async ({ deps, batchSize }: WorkerOptions): Promise<readonly ReceivedMessage[]> => {
  try {
    return await deps.engine.queue.receive(batchSize);
  } catch (cause) {
    deps.log("error", "receive.failed", throwFields(cause));
    return [];
  }
};

/** Runs one batch; a throw leaves its messages to become visible again. */
const batchRunner = (deps: Dependencies, lagging: LaggingDrain) => {
  const commit = commitBatch(deps);
  return async (messages: readonly ReceivedMessage[]): Promise<void> => {
    try {
      const { batchItemFailures } = await commit(queueEvent(messages));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const done = failed.size === 0 ? messages : messages.filter(({ messageId }) => !failed.has(messageId));
      if (done.length === 0) return;
      await deps.reach("before-delete-message");
      await deps.engine.queue.delete(done.map(({ receipt }) => receipt));
      lagging.finished(done.flatMap(({ body }) => readMessage(body) ?? []));
    } catch (cause) {
      deps.log("error", "batch.failed", throwFields(cause));
    }
  };
};
