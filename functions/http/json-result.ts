import type { HttpResult } from "./exchange.ts";
import { privateHeaders } from "./problem-result.ts";

/** A JSON answer. */
export const jsonResult = (
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResult => ({
  statusCode,
  headers: { "content-type": "application/json", ...privateHeaders, ...headers },
  body: JSON.stringify(body),
});

/** 304: the client has this representation already. */
export const notModified = (etag: string): HttpResult => ({
  statusCode: 304,
  headers: { ...privateHeaders, etag: `"${etag}"` },
  body: "",
});
