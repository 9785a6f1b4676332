import { setTimeout as sleep } from "node:timers/promises";

export interface RunningLocalStack {
  readonly endpoint: string;
  /** Ends it, and removes what it left. */
  stop(): Promise<void>;
}

const pollMs = 200;
const mostMs = 90_000;

const isHealthy = async (endpoint: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${endpoint}/_localstack/health`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
};

/** Waits until LocalStack answers. Throws when it does not, or is no longer alive. */
export const untilHealthy = async (endpoint: string, isAlive: () => boolean = () => true): Promise<void> => {
  const until = Date.now() + mostMs;
  while (isAlive() && Date.now() < until) {
    if (await isHealthy(endpoint)) return;
    await sleep(pollMs);
  }
  throw new Error(`no LocalStack answers at ${endpoint}`);
};
