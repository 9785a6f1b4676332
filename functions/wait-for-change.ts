const shortestPauseMs = 50;
const longestPauseMs = 1_000;

export interface Waiting<T> {
  /** A consistent read; undefined when there is nothing to wait for. */
  readonly read: () => Promise<T | undefined>;
  /** Sleeps up to `ms`; resolves early on a hint, and when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since the epoch, like `deadline`. */
  readonly now: () => number;
  readonly deadline: number;
  /** The version that the caller has seen. */
  readonly since: number;
  readonly signal: AbortSignal;
  /** 0 ≤ x < 1: spreads the reads of many waiting clients. */
  readonly random: () => number;
}

/**
 * Reads until the version is not `since`, the deadline has come or the signal aborts; returns what was read last.
 * Between reads it sleeps 50 ms, then twice as long each time, up to 1 s: a lost hint costs no more than that.
 */
export const waitForChange = async <T extends { readonly version: number }>(
  waiting: Waiting<T>,
  first: T,
): Promise<T | undefined> => {
  const { read, sleep, now, deadline, since, signal, random } = waiting;
  let latest: T | undefined = first;
  for (let pause = shortestPauseMs; latest?.version === since; pause = Math.min(pause * 2, longestPauseMs)) {
    const left = deadline - now();
    if (left <= 0 || signal.aborted) return latest;
    await sleep(Math.min(left, pause * (0.75 + random() / 4)), signal);
    if (signal.aborted) return latest;
    latest = await read();
  }
  return latest;
};
