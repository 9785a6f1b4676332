import type { Hints } from "../../functions/hints.ts";
import type { OperationId } from "../../shared/operation.ts";

/** What one turn of the event loop had to tell the other processes. */
export interface HintMessage {
  readonly kind: "hint";
  readonly queued: boolean;
  readonly settled: readonly OperationId[];
}

/** Hints inside a process and, through `send`, to the others. */
export interface LocalHints extends Hints {
  /** Takes in what another process told. */
  receive(message: HintMessage): void;
  /** Calls back whenever work was queued, here or elsewhere. */
  onQueued(listener: () => void): void;
  /** Operations somebody sleeps on; for tests. */
  sleeping(): number;
}

/** A message costs three processes about 50 µs together: under load one a millisecond is enough. */
const closestMs = 1;

/** Hints of one process; `send` gets one message per turn of the event loop at most, however many operations it names. */
export const localHints = (send: (message: HintMessage) => void): LocalHints => {
  const beds = sleepers();
  const listeners: (() => void)[] = [];
  let queued = false;
  let settled: OperationId[] = [];
  const schedule = spaced(() => {
    const message: HintMessage = { kind: "hint", queued, settled };
    [queued, settled] = [false, []];
    send(message);
  });
  const tellListeners = () => {
    for (const listener of listeners) listener();
  };
  return {
    queued: () => {
      tellListeners();
      queued = true;
      schedule();
    },
    settled: (ids) => {
      beds.wake(ids);
      settled.push(...ids);
      schedule();
    },
    receive: (message) => {
      if (message.queued) tellListeners();
      beds.wake(message.settled);
    },
    onQueued: (listener) => void listeners.push(listener),
    sleeping: () => beds.size(),
    sleep: (id, ms, signal) => beds.sleep(id, ms, signal),
  };
};

/** Runs `work` once for all calls of one turn, and no more often than every `closestMs`. */
const spaced = (work: () => void): (() => void) => {
  let scheduled = false;
  let ranAt = 0;
  const run = () => {
    scheduled = false;
    ranAt = performance.now();
    work();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    if (performance.now() - ranAt > closestMs) setImmediate(run);
    else setTimeout(run, closestMs);
  };
};

/** Hints kept for a sleeper that is about to come: it has read the row, but does not sleep yet. */
const mostMissed = 1_024;

const sleepers = () => {
  const beds = new Map<OperationId, Set<() => void>>();
  const missed = new Set<OperationId>();
  const wake = (ids: readonly OperationId[]) => {
    for (const id of ids) {
      const group = beds.get(id);
      if (group === undefined) remember(missed, id);
      else for (const awake of group) awake();
    }
  };
  const sleep = (id: OperationId, ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      // Used up here, so that a hint ends one sleep early and no more.
      if (signal.aborted || missed.delete(id)) return resolve();
      const group = beds.get(id) ?? new Set();
      const awake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", awake);
        group.delete(awake);
        if (group.size === 0) beds.delete(id);
        resolve();
      };
      const timer = setTimeout(awake, ms);
      signal.addEventListener("abort", awake);
      beds.set(id, group.add(awake));
    });
  return { wake, sleep, size: () => beds.size };
};

const remember = (missed: Set<OperationId>, id: OperationId): void => {
  missed.add(id);
  if (missed.size <= mostMissed) return;
  for (const oldest of missed) {
    missed.delete(oldest);
    return;
  }
};
