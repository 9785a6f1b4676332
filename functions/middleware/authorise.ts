import { Refusal } from "../../shared/errors.ts";
import { hasScope, mayAccess, scopesFor, type Action } from "../access.ts";
import { callerOf } from "../http/caller-of.ts";
import type { HttpMiddlewareRequest } from "../http/exchange.ts";
import { isUuid } from "../http/ids.ts";
import { noSuchPatient } from "../http/problem-result.ts";

/** Refuses a caller without a scope for the route (403), and one that may not touch the patient in its path (404). */
export const authorise = (action: Action) => ({
  before: ({ event, context }: HttpMiddlewareRequest): void => {
    const caller = callerOf(context);
    if (!hasScope(caller, action)) {
      const [scope] = scopesFor[action];
      throw new Refusal("insufficient-scope", `This route needs a token with the scope ${scope}.`, { scope });
    }
    const patientId = event.pathParameters?.["patientId"];
    if (patientId === undefined) return;
    if (!isUuid(patientId) || !mayAccess(caller, patientId, action)) throw noSuchPatient();
  },
});
