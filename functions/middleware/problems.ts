import { Fault, problemOf, Refusal, type Problem } from "../../shared/errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { problemResult } from "../http/problem-result.ts";
import type { HttpMiddlewareRequest } from "../http/exchange.ts";
import { throwFields } from "../throw-fields.ts";

/** The one place where a throw becomes an answer (RFC 9457). A refusal's text is shown; a fault's is not. */
export const problems = (deps: Dependencies) => ({
  onError: (request: HttpMiddlewareRequest): void => {
    const { error, context } = request;
    const requestId = context.awsRequestId;
    if (!(error instanceof Refusal)) deps.log("error", "request.failed", { requestId, ...throwFields(error) });
    const problem = problemOf(error instanceof Refusal ? error : refusalFor(error));
    // Not returned: a returned answer would keep the log, which comes after, from seeing it.
    request.response = problemResult(withInstance(problem, requestId));
  },
});

/** A fault may pass; damage and anything else does not. */
const refusalFor = (error: unknown): Refusal =>
  error instanceof Fault && error.code !== "damaged"
    ? new Refusal(
        "unavailable",
        "The service cannot answer now. Send the request again, with the same Idempotency-Key.",
      )
    : new Refusal("internal-error", "The request failed. Quote the request id when you report it.");

const withInstance = (problem: Problem, requestId: string): Problem =>
  problem.instance === undefined ? { ...problem, instance: `urn:uuid:${requestId}` } : problem;
