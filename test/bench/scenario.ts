import type { Stage } from "./bench-run.ts";
import type { Figure } from "./figures.ts";
import type { Driver } from "./load/driver.ts";

export interface Bench {
  /** Shorter and smaller, for a look. */
  readonly quick: boolean;
  readonly driver: Driver;
  progress(text: string): void;
  /** The service that all scenarios share; it only ever grows. */
  readonly stage: Stage;
  /** Length of one measurement, ms. */
  readonly forMs: number;
}

/** One subject of measurement; throws when what was measured was not right. */
export interface Scenario {
  readonly name: string;
  readonly measure: (bench: Bench) => Promise<readonly Figure[]>;
}
