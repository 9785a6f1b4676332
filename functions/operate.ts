import { isFault, problemOf, Refusal } from "../shared/errors.ts";
import type { Operation, Outcome, PatientId } from "../shared/operation.ts";
import { mayAccess } from "./access.ts";
import { audit } from "./audit.ts";
import type { Dependencies, VerifiedCaller } from "./dependencies.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./http/exchange.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { isUuid } from "./http/ids.ts";
import { readJson } from "./http/json-body.ts";
import { jsonResult } from "./http/json-result.ts";
import { operationPath, operationView } from "./http/operation-view.ts";
import { noSuchPatient } from "./http/problem-result.ts";
import { readQuery } from "./http/query.ts";
import { dismissSchema, redriveSchema } from "./http/request-schemas.ts";
import { notParked, redriveOperation, redrivePatient } from "./redrive.ts";

/** What an operator does with operations that were set aside: queue them again, or end one. */
export const operate = (deps: Dependencies) =>
  httpFunction(deps, "operate", {
    "POST /v1/operations/redrive": routeWork(readRedrive, (request) => redriveAll(deps, request)),
    "POST /v1/operations/{operationId}/redrive": routeWork(readQuery, (request) => redrive(deps, request)),
    "POST /v1/operations/{operationId}/dismiss": routeWork(readDismiss, (request) => dismiss(deps, request)),
  });

const readRedrive = (event: HttpEvent) => {
  readQuery(event);
  return readJson(event, redriveSchema);
};

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

const redrive = async (deps: Dependencies, { caller, params }: HttpRequest<unknown>): Promise<HttpResult> => {
  const parked = await find(deps, caller, params["operationId"] ?? "");
  return answer(202, await redriveOperation(deps, parked, caller));
};

/** All that is parked of one patient. Where there is neither a record nor an operation there is no patient. */
const redriveAll = async (
  deps: Dependencies,
  { caller, input: { patientId } }: HttpRequest<ReturnType<typeof readRedrive>>,
): Promise<HttpResult> => {
  if (!mayAccess(caller, patientId, "redrive")) throw noSuchPatient();
  const redriven = await redrivePatient(deps, patientId, caller);
  if (redriven.length === 0 && !(await isKnownPatient(deps, patientId))) throw noSuchPatient();
  return jsonResult(200, { items: redriven.map(operationView) });
};

const isKnownPatient = async ({ engine }: Dependencies, patientId: PatientId): Promise<boolean> => {
  const [head, { items }] = await Promise.all([
    engine.heads.read(patientId),
    engine.operations.list({ patientId, limit: 1 }),
  ]);
  return (head !== undefined && head.commit !== null) || items.length > 0;
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
  audit(deps, "operation.dismissed", { operation, caller });
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

const answer = (statusCode: number, operation: Operation): HttpResult =>
  jsonResult(statusCode, operationView(operation), { location: operationPath(operation.id) });
