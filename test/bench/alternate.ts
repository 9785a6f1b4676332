import { refreshed, type Stage } from "./bench-run.ts";
import { quantile } from "./load/closed-loop.ts";
import type { TargetFile } from "./load/jobs.ts";

/** One side of a comparison: one client updates these files in turn. */
export interface Side {
  readonly stage: Stage;
  readonly files: readonly TargetFile[];
}

/** Median of a waited update of each side, ms: they take turns, so that what else the machine does meets both. */
export const alternate = async (
  sides: readonly [Side, Side],
  { turns, rounds }: { readonly turns: number; readonly rounds: number },
): Promise<readonly [number, number]> => {
  const latencies: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    for (const which of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { stage, files } = sides[which];
      const now = await refreshed(stage, [files]);
      const { load } = await stage.run({ kind: "update", clients: 1, forMs: 30_000, requests: rounds, files: now });
      latencies[which].push(...load.latencies);
    }
  }
  return [median(latencies[0]), median(latencies[1])];
};

const median = (times: readonly number[]): number =>
  quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
