import { breaking, type Mutant } from "./mutant.ts";

const responder = "infra/local/one-shot-responder.ts";
const responderSuite = "test/e2e/one-responder.test.ts";
const waitingSuite = "test/unit/http-waiting.test.ts";
const accessSuite = "test/unit/http-access.test.ts";
const tokensSuite = "test/unit/http-tokens.test.ts";
const faultsSuite = "test/unit/commit-faults.test.ts";

const oneAnswer = breaking("G6", [
  {
    name: "error-handler-answers-twice",
    file: "infra/local/server.ts",
    from: "catch((cause: unknown) => failed(cause, requestId, serving));",
    to: "catch((cause: unknown) => {\n    const answered = failed(cause, requestId, serving);\n    res.writeHead(500).end(String(answered.body));\n    return answered;\n  });",
    suite: responderSuite,
    noticedBy: "of a handler that throws is a problem without its text",
  },
  {
    name: "response-without-one-owner",
    file: responder,
    from: '      if (state !== "open") return false;\n',
    to: "",
    suite: responderSuite,
    noticedBy: "a client that leaves",
  },
  {
    name: "wait-goes-on-when-its-client-left",
    file: responder,
    from: "    controller?.abort();\n    onGone();",
    to: "    onGone();",
    suite: responderSuite,
    noticedBy: "while it waits is noticed, and its wait ends",
  },
  {
    name: "broken-stream-ended-well",
    file: responder,
    from: "    res.destroy();\n    throw cause;",
    to: "    res.end();\n    throw cause;",
    suite: responderSuite,
    noticedBy: "whose stream breaks is cut off, not ended well",
  },
  {
    name: "timer-left-behind-by-a-wait",
    file: "infra/local/hints.ts",
    from: "        clearTimeout(timer);\n",
    to: "",
    suite: waitingSuite,
    noticedBy: "leaves no timer behind",
  },
]);

const promiseKept = breaking("G7", [
  {
    name: "one-operation-more-than-a-patient-may-have-open",
    file: "functions/http/accept-write.ts",
    from: "if (open >= config.openPerPatient)",
    to: "if (open > config.openPerPatient)",
    suite: "test/unit/http-writes.test.ts",
    noticedBy: "a patient with too many open operations is refused with 429",
  },
  {
    name: "wait-leaves-no-time-for-its-answer",
    file: "functions/http/wait-for-operation.ts",
    from: "gatewayMs) - answerMs;",
    to: "gatewayMs - answerMs);",
    suite: waitingSuite,
    noticedBy: "keeps 1.5 s of the function's time for its answer",
  },
  {
    name: "patient-that-waited-longest-served-last",
    file: "infra/local/sqlite/fifo-receive.ts",
    from: "ORDER BY turn LIMIT ?",
    to: "ORDER BY turn DESC LIMIT ?",
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "the patient that waited longest is served first",
  },
  {
    name: "neighbours-run-with-an-operation-that-ends-our-code",
    file: "functions/commit.ts",
    from: "if (alone) for (const group of groups)",
    to: "if (alone && groups.length < 2) for (const group of groups)",
    suite: faultsSuite,
    noticedBy: "is parked alone, its followers and neighbours go on",
  },
]);

const nothingLetIn = breaking("G8", [
  {
    name: "scope-not-asked-for",
    file: "functions/http/http-function.ts",
    from: "[authenticate(deps), authorise(action)]",
    to: '[authenticate(deps), ...(action === "follow" ? [] : [authorise(action)])]',
    suite: accessSuite,
    noticedBy: "with one scope",
  },
  {
    name: "route-with-another-scope-than-promised",
    file: "functions/routes.ts",
    from: 'path: "/v1/patients/{patientId}/commits", function: "read", action: "read"',
    to: 'path: "/v1/patients/{patientId}/commits", function: "read", action: "follow"',
    suite: "test/hostile/access.test.ts",
    noticedBy: "one scope alone",
  },
  {
    name: "patients-claim-ignored",
    file: "functions/access.ts",
    from: "hasScope(caller, action) && (caller.patients === null || caller.patients.has(patientId));",
    to: "hasScope(caller, action) && patientId.length > 0;",
    suite: accessSuite,
    noticedBy: "with a patients claim that leaves the patient out",
  },
  {
    name: "operations-shown-to-every-submitter",
    file: "functions/status.ts",
    from: "(submitter.issuer === caller.issuer && submitter.subject === caller.subject)",
    to: "submitter.issuer === caller.issuer",
    suite: accessSuite,
    noticedBy: "an operation is seen by its submitter",
  },
  {
    name: "audience-of-a-token-not-checked",
    file: "functions/tokens.ts",
    from: "      audience: trust.issuer.audience,\n",
    to: "",
    suite: tokensSuite,
    noticedBy: "for another audience is refused",
  },
  {
    name: "any-algorithm-taken",
    file: "functions/tokens.ts",
    from: "      algorithms: [...trust.issuer.algorithms],\n",
    to: "",
    suite: tokensSuite,
    noticedBy: "signed with an algorithm that its issuer does not use is refused",
  },
  {
    name: "expired-token-remembered",
    file: "functions/tokens.ts",
    from: "if (now() < before.until) return before.caller;",
    to: "if (now() > 0) return before.caller;",
    suite: tokensSuite,
    noticedBy: "that was verified is remembered until it expires",
  },
]);

const nothingTold = breaking("G8", [
  {
    name: "text-of-a-throw-logged",
    file: "functions/throw-fields.ts",
    from: "error: cause.name,",
    to: "error: `${cause.name}: ${cause.message}`,",
    suite: faultsSuite,
    noticedBy: "a fault's message, which may quote content, is not logged",
  },
  {
    name: "lines-of-a-throw's-text-logged-as-places",
    file: "functions/throw-fields.ts",
    from: "stack.slice(at + message.length)",
    to: "stack",
    suite: "test/unit/throw-fields.test.ts",
    noticedBy: "a message with lines that look like places is not told",
  },
  {
    name: "text-of-a-throw-answered",
    file: "functions/middleware/problems.ts",
    from: '"The request failed. Quote the request id when you report it."',
    to: "String(error)",
    suite: waitingSuite,
    noticedBy: "that meets a defect of ours is 500 without its text",
  },
  {
    name: "url-logged-instead-of-its-pattern",
    file: "functions/middleware/log.ts",
    from: "({ context, response, error }: HttpMiddlewareRequest): void => {\n    if (!response) return;",
    to: '({ context, response, error, event }: HttpMiddlewareRequest): void => {\n    if (!response) return;\n    deps.log("info", "url", { url: event.rawPath });',
    suite: waitingSuite,
    noticedBy: "is one log line with the route's pattern",
  },
  {
    name: "path-repeated-in-a-refusal",
    file: "shared/git/names.ts",
    from: "refuse(`segment ${index + 1} of ${segments.length} ${why}`)",
    to: "refuse(`${segment} ${why}`)",
    suite: "test/unit/git-names.test.ts",
    noticedBy: "the refusal of a path is the same whatever its segments say",
  },
  {
    name: "payload-kept-after-the-settle",
    file: "infra/local/sqlite/settle.ts",
    from: "  for (const { operationId } of outcomes) deletePayloadsOf(sql, operationId);\n",
    to: "  if (operationIds.length > 0) deletePayloadsOf(sql, operationIds.join());\n",
    suite: "test/unit/drain-and-sweep.test.ts",
    noticedBy: "a settled operation has no payload any more",
  },
  {
    name: "dismissed-operation-keeps-its-payload",
    file: "infra/local/sqlite/operations.ts",
    from: "  deletePayload(sql, { operationId, requestHash: operation.requestHash });\n",
    to: "",
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "dismissing an operation takes its payload",
  },
]);

export const httpMutants: readonly Mutant[] = [...oneAnswer, ...promiseKept, ...nothingLetIn, ...nothingTold];
