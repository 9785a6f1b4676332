import type { Outcome } from "../../shared/operation.ts";
import { shardOf } from "./aws-store.ts";
import { updating } from "./dynamo-names.ts";
import { outcomeFields, stateKey } from "./operation-item.ts";

/** Still queued, with the attempt that was decided on. */
const stillOurs = "#st = :queued AND #at = :attempt";

/** The update that writes an outcome on a row, with its condition. A parked row is not settled. */
export const settleOperation = (outcome: Outcome) => {
  const { operationId, attempt, state } = outcome;
  const fields = outcomeFields(state === "parked" ? { ...outcome, settledAt: null } : outcome);
  const sets = Object.keys(fields).map((name) => `#${name} = :${name}`);
  // A parked one may be redriven, and needs what it asks for.
  const remove = state === "parked" ? "" : " REMOVE #z";
  const update = `SET ${["#st = :state", "#o = :o", "#v = #v + :one", ...sets].join(", ")}${remove}`;
  return {
    Key: { id: operationId },
    ...updating(update, stillOurs),
    ExpressionAttributeValues: {
      ":state": state,
      ":o": stateKey(state, shardOf(operationId)),
      ":one": 1,
      ":queued": "queued",
      ":attempt": attempt,
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [`:${name}`, value])),
    },
  };
};
