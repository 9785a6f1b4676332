// oxlint-disable-next-line import/no-named-as-default -- the types of this package know its default export only
import middy from "@middy/core";
import httpRouter from "@middy/http-router";
import type { Context } from "aws-lambda";
import { Refusal } from "../../shared/errors.ts";
import type { Action } from "../access.ts";
import type { Dependencies, Invocation, VerifiedCaller } from "../dependencies.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { authorise } from "../middleware/authorise.ts";
import { log } from "../middleware/log.ts";
import { parse } from "../middleware/parse.ts";
import { problems } from "../middleware/problems.ts";
import { methodsAt, routes, type FunctionName, type Route, type RouteKey } from "../routes.ts";
import { callerOf } from "./caller-of.ts";
import type { HttpContext, HttpEvent, HttpRequest, HttpResult } from "./exchange.ts";

export type HttpHandler = (event: HttpEvent, invocation: Invocation) => Promise<HttpResult>;

/** How one route parses a request, and what it then does. */
export interface RouteWork {
  attach(deps: Dependencies, route: Route): HttpHandler;
}

// Without this, middy would arm a timer for each request; our own deadline is in the invocation.
const plugin = { timeoutEarlyInMillis: 0 };

const nobody: VerifiedCaller = { issuer: "", subject: "", name: "", role: "", scopes: new Set(), patients: new Set() };

/** Binds parser and work, so that what the one returns is what the other gets. */
export const routeWork = <T>(
  parser: (event: HttpEvent) => T,
  work: (request: HttpRequest<T>) => Promise<HttpResult> | HttpResult,
): RouteWork => ({
  attach: (deps, { method, path, action }) => {
    const chain = middy<HttpEvent, HttpResult, Error, HttpContext>(plugin)
      .use(log(deps, `${method} ${path}`))
      .use(problems(deps))
      .use(guards(deps, action))
      .use(parse(parser))
      .handler(async (event: HttpEvent, context: HttpContext) =>
        work({
          event,
          params: event.pathParameters ?? {},
          caller: action === null ? nobody : callerOf(context),
          input: context.exchange.input as T,
          invocation: context,
        }),
      );
    return (event, invocation) => chain(event, invocation as HttpContext);
  },
});

const guards = (deps: Dependencies, action: Action | null) =>
  action === null ? [] : [authenticate(deps), authorise(action)];

/** One function: its routes, and a problem for every path and method that is not among them. */
export const httpFunction = <F extends FunctionName>(
  deps: Dependencies,
  name: F,
  works: Readonly<Record<RouteKey<F>, RouteWork>>,
): HttpHandler => {
  const byKey: Readonly<Record<string, RouteWork>> = works;
  const own = routes.flatMap((route) => {
    const work = route.function === name ? byKey[`${route.method} ${route.path}`] : undefined;
    if (work === undefined) return [];
    const handler = work.attach(deps, route);
    // The server in front leaves out the body of an answer to HEAD.
    return (route.method === "GET" ? (["GET", "HEAD"] as const) : [route.method]).map((method) => ({
      method,
      path: route.path,
      handler,
    }));
  });
  const missing = routeWork(() => undefined, refuseRoute).attach(deps, { ...nowhere, function: name });
  const router = httpRouter<HttpEvent, HttpResult>({ routes: own, notFoundResponse: () => undefined });
  return async (event, invocation) => (await router(event, invocation as Context)) ?? missing(event, invocation);
};

const nowhere = { method: "GET", path: "(none)", action: null } as const;

const refuseRoute = ({ event }: HttpRequest): never => {
  const allow = methodsAt(event.rawPath);
  if (allow.length === 0) throw new Refusal("not-found", "There is no such route. /docs lists them.");
  throw new Refusal("method-not-allowed", `This path takes ${allow.join(", ")}.`, { allow });
};
