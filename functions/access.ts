import type { PatientId } from "../shared/operation.ts";
import type { VerifiedCaller } from "./dependencies.ts";
import type { Scope } from "./roles.ts";

/** What a route does to a record or its operations. */
export type Action = "read" | "write" | "follow" | "redrive";

/** Any one of these scopes allows the action; the first is the one that a refusal names. */
export const scopesFor: Readonly<Record<Action, readonly Scope[]>> = {
  read: ["record:read", "record:write"],
  write: ["record:write"],
  follow: ["record:read", "record:write", "operation:read"],
  redrive: ["ops:redrive"],
};

/** Whether the caller's token carries a scope for the action. */
export const hasScope = (caller: VerifiedCaller, action: Action): boolean =>
  scopesFor[action].some((scope) => caller.scopes.has(scope));

/** May this caller touch this patient? Scope, and, when the token carries a `patients` claim, membership. */
export const mayAccess = (caller: VerifiedCaller, patientId: PatientId, action: Action): boolean =>
  hasScope(caller, action) && (caller.patients === null || caller.patients.has(patientId));
