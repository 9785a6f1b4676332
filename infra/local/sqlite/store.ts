import type { FaultPoint } from "../../../functions/fault-points.ts";
import type { Send } from "./fifo-send.ts";
import type { GroupWriter } from "./group-writer.ts";
import type { Reader } from "./sql.ts";

/** What the adapters of one engine share. */
export interface Store {
  /** Sees what is committed, nothing else. */
  readonly reader: Reader;
  readonly writer: GroupWriter;
  readonly send: Send;
  /** Owner of the leases and claims that this process takes. */
  readonly processId: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly leaseMs: number;
  readonly visibilityMs: number;
  readonly maxReceiveCount: number;
  readonly reach: (point: FaultPoint) => void | Promise<void>;
  readonly armed: (point: FaultPoint) => boolean;
}
