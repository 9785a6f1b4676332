import type { OperationId } from "../shared/operation.ts";

/** Hints that make waiting short; the store is the truth, never the hint. Losing one costs ≤ 1 s. */
export interface Hints {
  /** Work was queued. */
  queued(): void;
  /** These operations changed state; their patients moved. */
  settled(ids: readonly OperationId[]): void;
  /** Sleeps `ms`, less when a hint for `id` arrives or `signal` aborts (then it resolves too). */
  sleep(id: OperationId, ms: number, signal: AbortSignal): Promise<void>;
}
