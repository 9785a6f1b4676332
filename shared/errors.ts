/** Every problem a caller can meet: HTTP status and title (RFC 9457). docs/problems.md has an entry for each code. */
export const problems = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "malformed-json": { status: 400, title: "The body is not valid JSON" },
  "invalid-path": { status: 400, title: "The path is not allowed in a record" },
  "invalid-cursor": { status: 400, title: "The cursor was not issued by this service" },
  "idempotency-key-required": { status: 400, title: "A write needs an Idempotency-Key" },
  "invalid-precondition": { status: 400, title: "The precondition cannot be evaluated" },
  unauthenticated: { status: 401, title: "A valid bearer token is required" },
  "insufficient-scope": { status: 403, title: "The token lacks a scope" },
  "read-only-git": { status: 403, title: "Records cannot be changed with git push" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  "patient-exists": { status: 409, title: "A patient with this id exists" },
  "identifier-in-use": { status: 409, title: "An identifier belongs to another patient" },
  "managed-path": { status: 409, title: "The file is written by another route" },
  "path-conflict": { status: 409, title: "The path collides with another in the record" },
  "record-closed": { status: 409, title: "The record is not modifiable" },
  "record-full": { status: 409, title: "The record has reached its size limit" },
  "not-parked": { status: 409, title: "The operation is not parked" },
  dismissed: { status: 409, title: "The operation was dismissed by an operator" },
  "precondition-failed": { status: 412, title: "The record has changed since it was read" },
  "payload-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The media type is not supported" },
  "invalid-record": { status: 422, title: "The file is not valid for its place in the record" },
  "idempotency-key-reused": { status: 422, title: "The Idempotency-Key was used for another request" },
  "precondition-required": { status: 428, title: "The write needs a precondition" },
  "too-many-operations": { status: 429, title: "Too many operations are open" },
  "internal-error": { status: 500, title: "The service failed" },
  unavailable: { status: 503, title: "The service cannot answer now" },
  parked: { status: 503, title: "The operation was set aside for an operator" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** Extra members of a problem body; never clinical content, names or tokens. */
export type Facts = Readonly<Record<string, unknown>>;

/** An RFC 9457 problem body. `type` is `https://casenotes.dev/problems/<code>`. */
export interface Problem extends Facts {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly instance?: string;
}

/** The caller's fault: a typed outcome, never retried. Its detail is shown to the caller. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ProblemCode;
  readonly facts: Facts;
  // oxlint-disable-next-line max-params -- mirrors Error(message, options)
  constructor(code: ProblemCode, detail: string, facts: Facts = {}, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.facts = facts;
  }
}

/** The problem body that tells a caller about a refusal. */
export const problemOf = ({ code, message, facts }: Refusal): Problem => ({
  ...facts,
  type: `https://casenotes.dev/problems/${code}`,
  title: problems[code].title,
  status: problems[code].status,
  detail: message,
  code,
});

/** Conditions that a port reports and the write path knows how to go on from. */
export type FaultCode =
  | "lease-busy" // another writer holds the lease
  | "fenced" // head or epoch moved: our lease is lost
  | "operations-moved" // some operation is no longer queued with our attempt; facts.operationIds
  | "identifiers-taken" // some identifier belongs to another patient; facts.identifiers: {system, value}[]
  | "outcome-unknown" // a settle may have landed or not: acquire, then read the rows again
  | "segment-missing" // a segment is gone: read the head again; facts.segmentId
  | "damaged" // stored bytes are not what was written
  | "transient"; // throttling, conflict, time-out: try later

/** Ours, not the caller's: retried, then parked. Its text is logged and never reaches a caller. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly facts: Facts;
  // oxlint-disable-next-line max-params -- mirrors Error(message, options)
  constructor(code: FaultCode, detail: string, facts: Facts = {}, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.facts = facts;
  }
}

/** Whether `error` is a fault with one of these codes. */
export const isFault = (error: unknown, ...codes: readonly FaultCode[]): error is Fault =>
  error instanceof Fault && codes.includes(error.code);
