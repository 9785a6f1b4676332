import { problemOf, Refusal } from "../shared/errors.ts";
import type { OperationMessage, Outcome } from "../shared/operation.ts";

/** Why an operation was set aside: our code ended on it three times, or it never ran at all. */
export type ParkReason = "tries" | "dead-letter";

/** The outcome that sets an operation aside for an operator; `now` in ms since the epoch. */
export const parkedOutcome = (
  { operationId, attempt }: Pick<OperationMessage, "operationId" | "attempt">,
  reason: ParkReason,
  now: number,
): Outcome => ({
  operationId,
  attempt,
  state: "parked",
  settledAt: new Date(now).toISOString(),
  commit: null,
  resource: null,
  etag: null,
  problem: problemOf(
    new Refusal("parked", "The operation could not be carried out. An operator will redrive or dismiss it.", {
      operationId,
      reason,
    }),
  ),
});
