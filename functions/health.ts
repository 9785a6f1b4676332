import type { Dependencies } from "./dependencies.ts";
import type { HttpResult } from "./http/exchange.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { jsonResult } from "./http/json-result.ts";
import { privateHeaders } from "./http/problem-result.ts";

/** What anybody may read without a token: whether the service lives, its contract, and whose signatures to trust. */
export const health = (deps: Dependencies) => {
  const { config, engine, signer } = deps;
  // Loaded when first asked for: a function that only answers /healthz starts without them.
  const document = once(async () => (await import("./openapi.ts")).openApi(config));
  const text = once(async () => JSON.stringify(await document()));
  const page = once(async () => (await import("./docs-page.ts")).docsPage(await document()));
  return httpFunction(deps, "health", {
    "GET /healthz": routeWork(nothing, async () => {
      await engine.ping();
      return jsonResult(200, { status: "ok", version: config.version });
    }),
    "GET /openapi.json": routeWork(nothing, async () => publicText("application/json", await text())),
    "GET /docs": routeWork(nothing, async () => {
      const { html, contentSecurityPolicy } = await page();
      const result = publicText("text/html; charset=utf-8", html);
      result.headers["content-security-policy"] = contentSecurityPolicy;
      return result;
    }),
    "GET /.well-known/allowed-signers": routeWork(nothing, () =>
      publicText("text/plain; charset=utf-8", `${signer.allowedSigner.trimEnd()}\n`),
    ),
  });
};

const nothing = (): undefined => undefined;

const publicText = (contentType: string, body: string): HttpResult => ({
  statusCode: 200,
  headers: { ...privateHeaders, "content-type": contentType, "cache-control": "public, max-age=300" },
  body,
});

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};
