import type { SegmentId } from "./git/pack-map.ts";
import type { Head, Settlement, Summary } from "./head.ts";
import type { Operation, PatientId } from "./operation.ts";

/** A head as it is to be here, and the conditions of that. */
export interface AdoptedHead {
  readonly head: Head;
  /** Condition: the epoch and the generation still are these; undefined: there is no head item. */
  readonly standing: Pick<Head, "epoch" | "generation"> | undefined;
  /** As of a settlement. */
  readonly identifiers: Settlement["identifiers"];
  readonly summary: Summary | null;
}

/**
 * What an engine takes in from another one, beside its ports (`npm run copy`). Each write is durable when it resolves, and
 * an operation's row or a head is written only if what stands is what the caller has read.
 */
export interface Adoption {
  putSegment(patientId: PatientId, id: SegmentId, bytes: Uint8Array): Promise<void>;
  /** A row as it is, after its payload where it has one. Throws Fault operations-moved unless `standing` stands. */
  putOperation(adopted: {
    readonly operation: Operation;
    readonly payload: Uint8Array | undefined;
    readonly standing: Operation | undefined;
  }): Promise<void>;
  /** All of it, or none; ends a lease. Throws Fault fenced | identifiers-taken | transient | outcome-unknown. */
  putHead(adopted: AdoptedHead): Promise<void>;
}
