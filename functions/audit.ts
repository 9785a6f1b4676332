import type { Operation } from "../shared/operation.ts";
import type { Dependencies, VerifiedCaller } from "./dependencies.ts";

/** Logs what an operator did to another's operation, and who it was, by the token's subject. Reasons stay with the operation. */
export const audit = (
  { log }: Dependencies,
  event: "operation.redriven" | "operation.dismissed",
  { operation, caller }: { readonly operation: Operation; readonly caller: VerifiedCaller },
): void => {
  const { id, attempt } = operation;
  log("info", event, { operationId: id, attempt, issuer: caller.issuer, subject: caller.subject });
};
