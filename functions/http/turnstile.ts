/** A turn at one file; `leave` ends it, `waited` tells whether others went first. */
export interface Turn {
  readonly waited: boolean;
  /** `refused`: nothing was written, the client may come back at once with a fresh tag. Resolves when to answer. */
  leave(refused: boolean): Promise<void>;
}

export interface Turnstile {
  /** Waits for a turn at `key`; goes on without one after `patienceMs` or when `signal` aborts. */
  enter(key: string, patienceMs: number, signal: AbortSignal | undefined): Promise<Turn>;
}

interface Lane {
  readonly key: string;
  held: boolean;
  readonly waiting: (() => void)[];
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Time for a client that was just refused to come back before the next one is let through, ms. */
const graceMs = 5;
/**
 * Time by which the answer of a write is held back where others wait for the file, ms: the next in line is refused
 * meanwhile and comes back first. Without it the winner, whose tag is fresh, would win again and again.
 */
const headStartMs = 2;

/**
 * Lets guarded writes of one file through one after the other. When many clients edit one file, all but one of those
 * that pass the door with the same tag are refused by the commit, after the full price of an operation. Here they wait
 * for the first to end, and are then refused at the door, one at a time, so that each comes back to a file that nobody
 * is writing. It guards nothing: the commit decides, with or without it, also between processes.
 */
export const turnstile = (): Turnstile => {
  const lanes = new Map<string, Lane>();

  const admitNext = (lane: Lane): void => {
    const next = lane.waiting.shift();
    lane.timer = undefined;
    lane.held = next !== undefined;
    if (next === undefined) lanes.delete(lane.key);
    else next();
  };
  const leave = async (lane: Lane, refused: boolean): Promise<void> => {
    lane.held = false;
    if (lane.waiting.length === 0) lanes.delete(lane.key);
    else if (refused) lane.timer = setTimeout(admitNext, graceMs, lane);
    else {
      admitNext(lane);
      await new Promise((resolve) => setTimeout(resolve, headStartMs));
    }
  };
  const turnAt = (lane: Lane, waited: boolean): Turn => ({ waited, leave: (refused) => leave(lane, refused) });

  return {
    enter: async (key, patienceMs, signal) => {
      const lane = lanes.get(key);
      if (lane?.held === true) {
        const admitted = await inLine(lane, patienceMs, signal);
        return admitted ? turnAt(lane, true) : { waited: true, leave: async () => undefined };
      }
      const free: Lane = lane ?? { key, held: true, waiting: [], timer: undefined };
      clearTimeout(free.timer);
      free.held = true;
      lanes.set(key, free);
      return turnAt(free, false);
    },
  };
};

/** Whether a turn came before patience ran out or the client left. */
const inLine = (lane: Lane, patienceMs: number, signal: AbortSignal | undefined): Promise<boolean> =>
  new Promise((resolve) => {
    const end = (admitted: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      resolve(admitted);
    };
    const admit = (): void => end(true);
    const giveUp = (): void => {
      lane.waiting.splice(lane.waiting.indexOf(admit), 1);
      end(false);
    };
    const timer = setTimeout(giveUp, patienceMs);
    signal?.addEventListener("abort", giveUp);
    lane.waiting.push(admit);
    if (signal?.aborted === true) giveUp();
  });
