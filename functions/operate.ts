import { isFault, problemOf, Refusal } from "../shared/errors.ts";
import type { Operation, Outcome } from "../shared/operation.ts";
import { mayAccess } from "./access.ts";
import type { Dependencies, VerifiedCaller } from "./dependencies.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./http/exchange.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { isUuid } from "./http/ids.ts";
import { readJson } from "./http/json-body.ts";
import { jsonResult } from "./http/json-result.ts";
import { operationPath, operationView } from "./http/operation-view.ts";
import { readQuery } from "./http/query.ts";
import { dismissSchema } from "./http/request-schemas.ts";

/** What an operator does with an operation that was set aside: queue it again, or end it. */
export const operate = (deps: Dependencies) =>
  httpFunction(deps, "operate", {
    "POST /v1/operations/{operationId}/redrive": routeWork(readQuery, (request) => redrive(deps, request)),
    "POST /v1/operations/{operationId}/dismiss": routeWork(readDismiss, (request) => dismiss(deps, request)),
  });

const readDismiss = (event: HttpEvent) => {
  readQuery(event);
  return readJson(event, dismissSchema);
};

const find = async ({ engine }: Dependencies, caller: VerifiedCaller, id: string): Promise<Operation> => {
  const [operation] = isUuid(id) ? await engine.operations.get([id]) : [];
  if (operation === undefined || !mayAccess(caller, operation.patientId, "redrive"))
    throw new Refusal("not-found", "There is no such operation.");
  return operation;
};

const notParked = ({ state }: Operation): Refusal =>
  new Refusal("not-parked", `Only a parked operation can be redriven or dismissed; this one is ${state}.`, { state });

/** Row, then message. A repeat of a redrive that was cut off in between finds the row queued, and sends it again. */
const redrive = async (deps: Dependencies, { caller, params }: HttpRequest<unknown>): Promise<HttpResult> => {
  const before = await find(deps, caller, params["operationId"] ?? "");
  const operation = await queuedAgain(deps, before);
  const { id, patientId, attempt } = operation;
  await deps.engine.intake.send({ operationId: id, patientId, attempt });
  deps.hints.queued();
  deps.hints.settled([id]);
  audit(deps, "operation.redriven", { operationId: id, attempt, caller });
  return answer(202, operation);
};

const queuedAgain = async ({ engine }: Dependencies, before: Operation): Promise<Operation> => {
  if (before.state === "queued" && before.attempt > 1) return before;
  if (before.state !== "parked") throw notParked(before);
  try {
    return await engine.operations.redrive(before.id);
  } catch (cause) {
    if (!isFault(cause, "operations-moved")) throw cause;
    const [now] = await engine.operations.get([before.id]);
    if (now?.state === "queued") return now;
    throw notParked(now ?? before);
  }
};

/** parked → rejected; a repeat finds it dismissed and answers the same. */
const dismiss = async (
  deps: Dependencies,
  { caller, params, input }: HttpRequest<ReturnType<typeof readDismiss>>,
): Promise<HttpResult> => {
  const before = await find(deps, caller, params["operationId"] ?? "");
  if (before.problem?.code === "dismissed") return answer(200, before);
  if (before.state !== "parked") throw notParked(before);
  const operation = await dismissed(deps, before, input.reason);
  deps.hints.settled([operation.id]);
  audit(deps, "operation.dismissed", { operationId: operation.id, attempt: operation.attempt, caller });
  return answer(200, operation);
};

const dismissed = async (deps: Dependencies, before: Operation, reason: string): Promise<Operation> => {
  try {
    return await deps.engine.operations.dismiss(outcomeOf(deps, before, reason));
  } catch (cause) {
    if (!isFault(cause, "operations-moved")) throw cause;
    const [now] = await deps.engine.operations.get([before.id]);
    throw notParked(now ?? before);
  }
};

const outcomeOf = ({ now }: Dependencies, { id, attempt }: Operation, reason: string): Outcome => ({
  operationId: id,
  attempt,
  state: "rejected",
  settledAt: new Date(now()).toISOString(),
  commit: null,
  resource: null,
  etag: null,
  problem: problemOf(new Refusal("dismissed", "An operator dismissed the operation.", { reason })),
});

/** Who did it, by the token's subject: an operator acts on others' work. The reason stays with the operation. */
const audit = (
  deps: Dependencies,
  event: string,
  { caller, ...fields }: { readonly operationId: string; readonly attempt: number; readonly caller: VerifiedCaller },
): void => deps.log("info", event, { ...fields, issuer: caller.issuer, subject: caller.subject });

const answer = (statusCode: number, operation: Operation): HttpResult =>
  jsonResult(statusCode, operationView(operation), { location: operationPath(operation.id) });
