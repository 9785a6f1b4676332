import { Refusal, type Problem } from "../../shared/errors.ts";
import type { HttpResult } from "./exchange.ts";

/** What a request without any token is told. */
export const tokenMissing = "Send Authorization: Bearer <token>.";

/** Said on every answer: records are nobody's cache entry, and a browser must not guess what a file is. */
export const privateHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** The answer that carries a problem, with the header fields that its code asks for. */
export const problemResult = (problem: Problem): HttpResult => ({
  statusCode: problem.status,
  headers: { "content-type": "application/problem+json", ...privateHeaders, ...headersFor(problem) },
  body: JSON.stringify(problem),
});

const headersFor = (problem: Problem): Record<string, string> => {
  const { code, status, currentEtag, allow, scope } = problem;
  if (status === 429 || status === 503) return { "retry-after": "1" };
  if (code === "unauthenticated") return { "www-authenticate": challenge(problem) };
  if (code === "insufficient-scope")
    return { "www-authenticate": `Bearer realm="casenotes", error="insufficient_scope", scope="${String(scope)}"` };
  if (code === "method-not-allowed" && Array.isArray(allow)) return { allow: allow.join(", ") };
  if (code === "precondition-failed" && typeof currentEtag === "string")
    return { etag: currentEtag, ...("current" in problem && { "preference-applied": "return=representation" }) };
  return {};
};

/** RFC 6750, 3: no error code where no token was sent. */
const challenge = ({ detail }: Problem): string =>
  detail === tokenMissing
    ? 'Bearer realm="casenotes"'
    : `Bearer realm="casenotes", error="invalid_token", error_description="${detail.replaceAll(/[^\x20-\x7e]|["\\]/g, " ")}"`;

/** Patients that do not exist and patients that the caller may not touch look the same. */
export const noSuchPatient = (): Refusal => new Refusal("not-found", "There is no such patient.");
