import type { EngineOptions } from "../../../functions/engine-options.ts";
import type { FaultPoint } from "../../../functions/fault-points.ts";
import type { Send } from "./fifo-send.ts";
import type { GroupWriter } from "./group-writer.ts";
import type { Reader } from "./sql.ts";

/** What the adapters of one engine share. */
export interface Store extends EngineOptions {
  /** Sees what is committed, nothing else. */
  readonly reader: Reader;
  readonly writer: GroupWriter;
  readonly send: Send;
  /** Owner of the leases and claims that this process takes. */
  readonly processId: string;
  readonly armed: (point: FaultPoint) => boolean;
}
