import type { Problem } from "./errors.ts";
import type { Oid } from "./git/oid.ts";

/** A patient's id: a lower-case UUID. */
export type PatientId = string;
/** A lower-case UUID derived from the caller and its Idempotency-Key. */
export type OperationId = string;
/** ISO 8601 with milliseconds and `Z`. */
export type Instant = string;

export type OperationState = "queued" | "committed" | "rejected" | "parked";

/** Who asked: from the verified token, never from a body. */
export interface Caller {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly role: string;
}

/** One requested change and its outcome: the row in the operations table, ≤ 4 KB, without clinical content. */
export interface Operation {
  readonly id: OperationId;
  readonly patientId: PatientId;
  readonly command: string;
  readonly caller: Caller;
  /** SHA-256 (hex) of method, path, media type, preconditions and body. */
  readonly requestHash: string;
  readonly state: OperationState;
  /** Which sending of the operation counts; starts at 1, raised by a redrive. */
  readonly attempt: number;
  /** How often it was started alone without an end; at 3 it is parked. */
  readonly tries: number;
  /** Rises with every change of the row that a waiting client can see. */
  readonly version: number;
  readonly submittedAt: Instant;
  readonly settledAt: Instant | null;
  readonly commit: Oid | null;
  /** Path (`/v1/…`) of what was written; null for a rejection. */
  readonly resource: string | null;
  /** Unquoted entity tag of `resource`: blob id of a file, commit id of a record; null when deleted or rejected. */
  readonly etag: string | null;
  readonly problem: Problem | null;
}

/** What a settle or an operator makes of an operation. */
export interface Outcome {
  readonly operationId: OperationId;
  /** Condition: the row is still `queued` with this attempt. */
  readonly attempt: number;
  readonly state: "committed" | "rejected" | "parked";
  readonly settledAt: Instant;
  readonly commit: Oid | null;
  readonly resource: string | null;
  readonly etag: string | null;
  readonly problem: Problem | null;
}

/** The queue message: ids only. Group = patient id; deduplication id = `operationId#attempt`. */
export interface OperationMessage {
  readonly operationId: OperationId;
  readonly patientId: PatientId;
  readonly attempt: number;
}
