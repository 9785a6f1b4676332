import { problemOf, Refusal, type ProblemCode } from "../../shared/errors.ts";
import type { StreamedResult } from "../../functions/streamed-result.ts";

/** The answer of the server itself, where no function was asked: an RFC 9457 problem. */
export const problemResult = (
  code: ProblemCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): StreamedResult => {
  const problem = problemOf(new Refusal(code, detail));
  return {
    statusCode: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
    body: JSON.stringify(problem),
  };
};
