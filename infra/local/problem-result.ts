import type { StreamedResult } from "../../functions/streamed-result.ts";
import { problemOf, type Problem, type Refusal } from "../../shared/errors.ts";

/** The problem of a request that no function saw. */
export const serverProblem = (requestId: string, refusal: Refusal): Problem => ({
  ...problemOf(refusal),
  instance: `urn:uuid:${requestId}`,
});

/** The answer of the server itself, where no function was asked: an RFC 9457 problem with the request's id. */
export const problemResult = (
  requestId: string,
  refusal: Refusal,
  headers: Readonly<Record<string, string>> = {},
): StreamedResult => problemAnswer(requestId, serverProblem(requestId, refusal), headers);

/** The same, of a problem that is made. */
export const problemAnswer = (
  requestId: string,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): StreamedResult => ({
  statusCode: problem.status,
  headers: {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-request-id": requestId,
    ...headers,
  },
  body: JSON.stringify(problem),
});
