import type { SegmentId } from "./git/pack-map.ts";
import type { Compaction, Effect, Head, Identifier, Settlement, Summary } from "./head.ts";
import type {
  Instant,
  Operation,
  OperationId,
  OperationMessage,
  OperationState,
  Outcome,
  PatientId,
} from "./operation.ts";

/** The head items: lock, fence and expected-commit guard in one. */
export interface Heads {
  /** Consistent read; undefined when no writer ever touched this patient. */
  read(patientId: PatientId): Promise<Head | undefined>;
  /**
   * One conditional update: takes the lease and raises the epoch if there is no lease, an expired one, or one
   * implausibly far ahead (> now + 2 × lease). Returns the head as it stands. Throws Fault lease-busy.
   */
  acquire(patientId: PatientId, owner: string): Promise<Head>;
  /** Gives the lease back if `owner` still holds it; otherwise does nothing. */
  release(patientId: PatientId, owner: string): Promise<void>;
  /** Throws Fault fenced | operations-moved | identifiers-taken | transient; then nothing was written. */
  settle(settlement: Settlement): Promise<void>;
  /** Throws Fault fenced when the generation moved; then nothing was written. */
  compact(compaction: Compaction): Promise<void>;
  /** All patients that have a head item, by id, for doctor and collector. */
  list(page: Page): Promise<Listed<PatientId>>;
}

export interface Page {
  readonly limit: number;
  /** Where the last page ended; opaque to callers of the port. */
  readonly after?: string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface OperationQuery extends Page {
  /** `issuer` and `subject` of the submitter; absent for holders of operation:read. */
  readonly submitter?: { readonly issuer: string; readonly subject: string };
  readonly patientId?: PatientId;
  readonly state?: OperationState;
}

/** A row, and what it asks for. */
export interface Asked {
  readonly operation: Operation;
  /** The payload of a queued operation, read with its row or after it; undefined where there is none (any more). */
  readonly payload: Uint8Array | undefined;
}

export interface Operations {
  /** Consistent reads, in the order asked; undefined where there is no row. */
  get(ids: readonly OperationId[]): Promise<readonly (Operation | undefined)[]>;
  /** As `get`, with what is needed to run them. */
  getAsked(ids: readonly OperationId[]): Promise<readonly (Asked | undefined)[]>;
  /** Newest first by submission. A page may have fewer than `limit`, or none, and still not be the last. */
  list(query: OperationQuery): Promise<Listed<Operation>>;
  /** Number of queued operations of a patient, counted up to `limit`. */
  countQueued(patientId: PatientId, limit: number): Promise<number>;
  /** Queued operations submitted before `before`, each patient's oldest first, for the sweep. */
  listQueued(before: Instant, page: Page): Promise<Listed<Operation>>;
  /** Whether an operation of this patient submitted after `submittedAt` is committed or rejected. */
  laterSettled(patientId: PatientId, submittedAt: Instant): Promise<boolean>;
  /** Writes `tries`, if still queued with this attempt; Fault operations-moved otherwise. */
  setTries(id: OperationId, attempt: number, tries: number): Promise<void>;
  /** queued → parked, if still queued with the outcome's attempt; Fault operations-moved otherwise. */
  park(outcome: Outcome): Promise<void>;
  /** parked → queued with attempt + 1 and tries 0; Fault operations-moved when not parked. Returns the row. */
  redrive(id: OperationId): Promise<Operation>;
  /** parked → rejected; Fault operations-moved when not parked. Returns the row. */
  dismiss(outcome: Outcome): Promise<Operation>;
}

export interface Submission {
  readonly operation: Operation;
  /** The command, encoded; ≤ 1 MiB. */
  readonly payload: Uint8Array;
}

/** The way in: payload (in the row where that is cheaper), then row (if absent), then message. */
export interface Intake {
  /**
   * Resolves when payload, row and message are durable. A row of this id exists: nothing is written, its payload is
   * removed if it lost the race, and the row that stands is returned, durable too (`created` false).
   */
  submit(submission: Submission): Promise<{ readonly operation: Operation; readonly created: boolean }>;
  /** Sends the message of a queued operation (again): after a kill between row and send, or a redrive. */
  send(message: OperationMessage): Promise<void>;
}

/** A payload belongs to one request: two racing bodies of one key never overwrite each other. */
export interface PayloadKey {
  readonly operationId: OperationId;
  readonly requestHash: string;
}

/** A settle may take payloads with it: those that an engine keeps in its rows (only `get` is about them), or all. */
export interface Payloads {
  /** Payloads in the order asked; undefined where there is none. */
  get(keys: readonly PayloadKey[]): Promise<readonly (Uint8Array | undefined)[]>;
  delete(keys: readonly PayloadKey[]): Promise<void>;
  /** Deletes what the settles of these operations left of their payloads; returns the settled rows. */
  deleteSettled(ids: readonly OperationId[]): Promise<readonly Operation[]>;
  /** Payloads stored before `before`, for the sweep of orphans. */
  listOlder(before: Instant, page: Page): Promise<Listed<PayloadKey & { readonly storedAt: Instant }>>;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly receipt: string;
  readonly group: string;
  readonly body: string;
  /** 1 on first receipt. */
  readonly receiveCount: number;
}

/** FIFO with groups (SQS semantics): a group is blocked while one of its messages is in flight. */
export interface OperationQueue {
  send(message: OperationMessage): Promise<void>;
  /** Up to `max` messages, several groups, each group in order; hidden for the visibility time-out. */
  receive(max: number): Promise<readonly ReceivedMessage[]>;
  /** Done with these messages. A stale receipt (visible again since) deletes nothing. */
  delete(receipts: readonly string[]): Promise<void>;
  /** One batch call: these messages become visible after `seconds` (0–43,200). */
  delay(receipts: readonly string[], seconds: number): Promise<void>;
  /** Messages received more than maxReceiveCount times, moved to the dead-letter queue; same rules. */
  readonly deadLetters: Pick<OperationQueue, "receive" | "delete">;
  /** Visible, in flight and dead message counts, for health and tests. */
  depth(): Promise<{ readonly visible: number; readonly inFlight: number; readonly dead: number }>;
}

export interface SegmentListing {
  readonly id: SegmentId;
  readonly bytes: number;
}

/** Immutable objects: one Git pack with its index each. */
export interface Segments {
  /** Stores a segment under a key never used before. May wait in a buffer; durable once its settle resolves. */
  put(patientId: PatientId, id: SegmentId, bytes: Uint8Array): Promise<void>;
  /** Bytes `from` (inclusive) to `to` (exclusive; absent: the end). Throws Fault segment-missing. */
  get(patientId: PatientId, id: SegmentId, range?: { readonly from: number; readonly to: number }): Promise<Uint8Array>;
  delete(patientId: PatientId, ids: readonly SegmentId[]): Promise<void>;
  list(patientId: PatientId): Promise<readonly SegmentListing[]>;
}

export interface SummaryQuery extends Page {
  readonly updatedSince?: Instant;
  readonly normalisedFamilyPrefix?: string;
  readonly identifier?: Identifier;
  readonly birthDate?: string;
  /** Only these patients (from a token's `patients` claim). */
  readonly patientIds?: readonly PatientId[];
}

export interface Summaries {
  get(patientId: PatientId): Promise<Summary | undefined>;
  /** By `updatedAt`, oldest first, then patient id. */
  find(query: SummaryQuery): Promise<Listed<Summary>>;
}

export interface Effects {
  /** Effects not done yet, oldest first. */
  pending(limit: number): Promise<readonly Effect[]>;
  /** Records these effects as done: they are not returned again. */
  done(ids: readonly string[]): Promise<void>;
}

/** Everything an engine gives the functions. */
export interface Engine {
  readonly heads: Heads;
  readonly operations: Operations;
  readonly intake: Intake;
  readonly payloads: Payloads;
  readonly queue: OperationQueue;
  readonly segments: Segments;
  readonly summaries: Summaries;
  readonly effects: Effects;
  /** Compare docs/design budgets: what a request costs decides where a tail is sealed. */
  readonly limits: { readonly tailBytes: number; readonly sealedPacks: number };
  /** A cheap round trip to the store; throws when it does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
