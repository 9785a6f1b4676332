import type { Operation } from "../shared/operation.ts";
import { Refusal } from "../shared/errors.ts";
import { mayAccess } from "./access.ts";
import type { Dependencies, VerifiedCaller } from "./dependencies.ts";
import { cursorFor, pageResult, readCursor } from "./http/cursor.ts";
import { isKnown } from "./http/entity-tags.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./http/exchange.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { isUuid } from "./http/ids.ts";
import { jsonResult, notModified } from "./http/json-result.ts";
import { operationView } from "./http/operation-view.ts";
import { appliedPreferences, readPreferences, type Preferences } from "./http/prefer.ts";
import { noSuchPatient } from "./http/problem-result.ts";
import { readLimit, readPatientId, readQuery, readState } from "./http/query.ts";
import { waitForOperation } from "./http/wait-for-operation.ts";

/** Follows operations: one, with a long poll, or a list of them. */
export const status = (deps: Dependencies) =>
  httpFunction(deps, "status", {
    "GET /v1/operations/{operationId}": routeWork(readOne, (request) => one(deps, request)),
    "GET /v1/operations": routeWork(readList, (request) => list(deps, request)),
  });

const readOne = (event: HttpEvent) => {
  readQuery(event);
  return { prefer: readPreferences(event.headers["prefer"]), known: event.headers["if-none-match"] };
};

interface One {
  readonly prefer: Preferences;
  /** `If-None-Match`: the version that the client has. */
  readonly known: string | undefined;
}

const one = async (deps: Dependencies, request: HttpRequest<One>): Promise<HttpResult> => {
  const { caller, params, input, invocation } = request;
  const first = await find(deps, caller, params["operationId"] ?? "");
  const hasIt = isKnown(input.known, String(first.version));
  const isOpen = first.state === "queued" || (first.state === "parked" && hasIt);
  // A client that names another version has something to learn already.
  const seconds = isOpen && (input.known === undefined || hasIt) ? (input.prefer.wait ?? 0) : 0;
  const latest = await waitForOperation(deps, first, { since: first.version, seconds, invocation });
  const applied = appliedPreferences(input.prefer);
  const version = String(latest.version);
  if (isKnown(input.known, version)) {
    const result = notModified(version);
    Object.assign(result.headers, applied);
    return result;
  }
  return jsonResult(200, operationView(latest), {
    etag: `"${version}"`,
    ...applied,
    ...(latest.state === "queued" && { "retry-after": "1" }),
  });
};

/** Only its submitter, or a holder of operation:read, may see an operation; for others it does not exist. */
const find = async ({ engine }: Dependencies, caller: VerifiedCaller, id: string): Promise<Operation> => {
  const [operation] = isUuid(id) ? await engine.operations.get([id]) : [];
  if (operation === undefined || !maySee(caller, operation))
    throw new Refusal("not-found", "There is no such operation.");
  return operation;
};

const maySee = (caller: VerifiedCaller, { caller: submitter, patientId }: Operation): boolean =>
  mayAccess(caller, patientId, "follow") &&
  (caller.scopes.has("operation:read") || (submitter.issuer === caller.issuer && submitter.subject === caller.subject));

const readList = (event: HttpEvent) => {
  const query = readQuery(event, "patientId", "state", "limit", "cursor");
  const patientId = readPatientId(query);
  const state = readState(query);
  const place = `operations ${patientId ?? ""} ${state ?? ""}`;
  return { patientId, state, limit: readLimit(query), place, after: readCursor(place, query["cursor"]) };
};

const list = async (
  { engine }: Dependencies,
  { event, caller, input }: HttpRequest<ReturnType<typeof readList>>,
): Promise<HttpResult> => {
  const { patientId, state, limit, place, after } = input;
  if (patientId !== undefined && !mayAccess(caller, patientId, "follow")) throw noSuchPatient();
  const { issuer, subject } = caller;
  const page = await engine.operations.list({
    limit,
    ...(!caller.scopes.has("operation:read") && { submitter: { issuer, subject } }),
    ...(patientId !== undefined && { patientId }),
    ...(state !== undefined && { state }),
    ...(after !== undefined && { after }),
  });
  const items = page.items.filter((operation) => maySee(caller, operation)).map(operationView);
  return pageResult(event, items, page.next === undefined ? undefined : cursorFor(place, page.next));
};
