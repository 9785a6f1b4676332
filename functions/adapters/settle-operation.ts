import type { Outcome } from "../../shared/operation.ts";
import { updating } from "./dynamo-names.ts";
import { outcomeFields } from "./operation-item.ts";

/** Still queued, with the attempt that was decided on. */
const stillOurs = "#st = :queued AND #at = :attempt";

/** The update that writes an outcome on a row, with its condition. A parked row is not settled. */
export const settleOperation = (outcome: Outcome) => {
  const { operationId, attempt, state } = outcome;
  const fields = outcomeFields(state === "parked" ? { ...outcome, settledAt: null } : outcome);
  const sets = ["#st = :state", "#v = #v + :one", ...Object.keys(fields).map((name) => `#${name} = :${name}`)];
  // A parked one may be redriven, and needs what it asks for.
  const change = state === "parked" ? ", #k = #p REMOVE #q" : " REMOVE #q, #z";
  const update = `SET ${sets.join(", ")}${change}`;
  return {
    Key: { id: operationId },
    ...updating(update, stillOurs),
    ExpressionAttributeValues: {
      ":state": state,
      ":one": 1,
      ":queued": "queued",
      ":attempt": attempt,
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [`:${name}`, value])),
    },
  };
};
