import type { HttpEvent, HttpMiddlewareRequest } from "../http/exchange.ts";

/** Parses the request (headers, query, body) into the exchange, after the caller is known to be allowed to send it. */
export const parse = <T>(parser: (event: HttpEvent) => T) => ({
  before: ({ event, context }: HttpMiddlewareRequest): void => {
    context.exchange.input = parser(event);
  },
});
