import type { Request } from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import type { Invocation, VerifiedCaller } from "../dependencies.ts";

export type HttpEvent = APIGatewayProxyEventV2;

/** A whole answer; header names in lower case. */
export interface HttpResult {
  readonly statusCode: number;
  headers: Record<string, string>;
  readonly body: string;
}

/** What the middlewares of a route found out about one request. */
interface Exchange {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The caller's trace context, when it sent a valid one. */
  readonly traceparent: string | undefined;
  caller?: VerifiedCaller;
  input?: unknown;
}

/** The invocation's context, with the exchange that the first middleware puts there. */
export type HttpContext = Context & Invocation & { exchange: Exchange };

export type HttpMiddlewareRequest = Request<HttpEvent, HttpResult, Error, HttpContext>;

/** What a route's work gets: everything checked and parsed. */
export interface HttpRequest<T = undefined> {
  readonly event: HttpEvent;
  /** Path parameters as they stand in the URL. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly caller: VerifiedCaller;
  readonly input: T;
  readonly invocation: Invocation;
}
