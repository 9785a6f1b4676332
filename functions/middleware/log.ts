import { Refusal } from "../../shared/errors.ts";
import type { Dependencies } from "../dependencies.ts";
import type { HttpMiddlewareRequest } from "../http/exchange.ts";

/** W3C Trace Context, version 00: trace id and parent id must not be all zeros. */
const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** One line for each request: the route's pattern, never its URL, and no names, tokens or content. First in the chain. */
export const log = (deps: Dependencies, route: string) => {
  const end = ({ context, response, error }: HttpMiddlewareRequest): void => {
    if (!response) return;
    const { startedAt, traceparent } = context.exchange;
    response.headers["x-request-id"] = context.awsRequestId;
    if (traceparent !== undefined) response.headers["traceparent"] = traceparent;
    deps.log("info", "request", {
      requestId: context.awsRequestId,
      route,
      status: response.statusCode,
      ms: deps.now() - startedAt,
      ...(traceparent !== undefined && { traceId: traceparent.slice(3, 35) }),
      ...(error instanceof Refusal && { code: error.code }),
    });
  };
  return {
    before: ({ event, context }: HttpMiddlewareRequest): void => {
      const given = event.headers["traceparent"];
      const traceparent = given !== undefined && traceparentPattern.test(given) ? given : undefined;
      context.exchange = { startedAt: deps.now(), traceparent };
    },
    after: end,
    onError: end,
  };
};
