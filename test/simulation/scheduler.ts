/** The only clock of a simulated world: time passes from one event to the next, and nothing else happens in between. */
export interface Scheduler {
  /** Milliseconds since the epoch, simulated. */
  now(): number;
  /** Runs `event` after `ms`; of events of one time, the one that was planned first. */
  after(ms: number, event: () => void): void;
  sleep(ms: number): Promise<void>;
  /** Ends the run: something was seen that must not be. */
  fail(cause: unknown): void;
  /** Lets time pass until `done`, or until `limitMs` are over; throws what `fail` was told. */
  run(done: () => boolean, limitMs: number): Promise<void>;
  /** Events so far. */
  steps(): number;
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly event: () => void;
}

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A heap, the next event on top. */
const agenda = () => {
  const heap: Planned[] = [];
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const add = (planned: Planned): void => {
    let at = heap.push(planned) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(heap[at]!, heap[up]!); up = (at - 1) >> 1) {
      swap(at, up);
      at = up;
    }
  };
  const take = (): Planned | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      if (least === at) return first;
      swap(at, least);
      at = least;
    }
  };
  return { add, take, next: () => heap[0] };
};

/** One turn of the event loop: every promise that can go on has gone on when it is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const createScheduler = (startAt: number): Scheduler => {
  const { add, take, next } = agenda();
  let now = startAt;
  let order = 0;
  let steps = 0;
  const failures: unknown[] = [];
  const after: Scheduler["after"] = (ms, event) => add({ at: now + Math.max(0, ms), order: order++, event });
  return {
    now: () => now,
    after,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    fail: (cause) => {
      failures.push(cause);
    },
    steps: () => steps,
    run: async (done, limitMs) => {
      const end = now + limitMs;
      await turn();
      while (failures.length === 0 && !done()) {
        const planned = next();
        if (planned === undefined || planned.at > end) break;
        take();
        now = planned.at;
        steps += 1;
        planned.event();
        await turn();
      }
      if (failures.length > 0) throw failures[0];
      if (!done()) now = Math.max(now, end);
    },
  };
};
