import type { Operation } from "../../shared/operation.ts";
import type { Dependencies } from "../dependencies.ts";
import { currentFacts } from "./current-content.ts";
import type { HttpRequest, HttpResult } from "./exchange.ts";
import { jsonResult } from "./json-result.ts";
import { operationPath, operationProblem, operationView } from "./operation-view.ts";
import { appliedPreferences } from "./prefer.ts";
import { problemResult } from "./problem-result.ts";
import { waitForOperation } from "./wait-for-operation.ts";
import type { WriteRequest } from "./write-request.ts";

interface Accepted {
  readonly operation: Operation;
  readonly replayed: boolean;
}

/** The operation as it is when it ended, or when the time that the client waits is over. */
export const awaitOutcome = (
  deps: Dependencies,
  { input: { prefer }, invocation }: HttpRequest<WriteRequest>,
  operation: Operation,
): Promise<Operation> => {
  const seconds = operation.state === "queued" ? (prefer.wait ?? 0) : 0;
  return waitForOperation(deps, operation, { since: operation.version, seconds, invocation });
};

/** Answers an accepted write with what became of it so far. */
export const answerWrite = async (
  deps: Dependencies,
  { input: write }: HttpRequest<WriteRequest>,
  { operation, replayed }: Accepted,
): Promise<HttpResult> => {
  const result = await outcomeResult(deps, operation, write);
  Object.assign(result.headers, appliedPreferences(write.prefer, "preference-applied" in result.headers));
  if (replayed) result.headers["idempotent-replayed"] = "true";
  return result;
};

const outcomeResult = async (deps: Dependencies, operation: Operation, write: WriteRequest): Promise<HttpResult> => {
  const { id, state, patientId, problem, resource, etag } = operation;
  const location = operationPath(id);
  if (state === "committed")
    return jsonResult(write.success, operationView(operation), {
      location: resource ?? location,
      ...(etag !== null && { etag: `"${etag}"` }),
    });
  if (state !== "rejected" || problem === null)
    return jsonResult(202, operationView(operation), { location, "retry-after": "1" });
  const facts = await currentFacts(deps, problem.code, { patientId, write });
  const result = problemResult({ ...operationProblem(operation, problem), ...facts });
  result.headers["location"] = location;
  return result;
};
