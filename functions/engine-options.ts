import type { FaultPoint } from "./fault-points.ts";

/** What an engine needs to know besides where it keeps things. */
export interface EngineOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** A random UUID. */
  readonly newId: () => string;
  readonly leaseMs: number;
  readonly visibilityS: number;
  readonly maxReceiveCount: number;
  readonly reach: (point: FaultPoint) => void | Promise<void>;
}
