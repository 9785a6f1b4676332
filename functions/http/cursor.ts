import { hash } from "node:crypto";
import { Refusal } from "../../shared/errors.ts";
import { privateHeaders } from "./problem-result.ts";
import type { HttpEvent, HttpResult } from "./exchange.ts";

const checkLength = 16;

/** Binds a place in a list to the list it is a place of: route and filters. */
const checkOf = (list: string, after: string): string =>
  hash("sha256", `${list}\n${after}`, "base64url").slice(0, checkLength);

/** An opaque cursor for `after` in the list that `list` describes. */
export const cursorFor = (list: string, after: string): string =>
  Buffer.from(`${checkOf(list, after)}${after}`).toString("base64url");

/** Where the page after the cursor begins. Throws Refusal invalid-cursor for one that is not of this list. */
export const readCursor = (list: string, cursor: string | undefined): string | undefined => {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const after = text.slice(checkLength);
  if (cursor.length > 1_000 || text.slice(0, checkLength) !== checkOf(list, after))
    throw new Refusal("invalid-cursor", "Use the cursor of a page's next link, with the same filters.");
  return after;
};

/** One page of a list: `items`, and where there are more, `next` and a `Link` to them. */
export const pageResult = (
  { rawPath, queryStringParameters }: HttpEvent,
  items: readonly unknown[],
  next: string | undefined,
): HttpResult => ({
  statusCode: 200,
  headers: {
    "content-type": "application/json",
    ...privateHeaders,
    ...(next !== undefined && {
      link: `<${rawPath}?${new URLSearchParams({ ...queryStringParameters, cursor: next }).toString()}>; rel="next"`,
    }),
  },
  body: JSON.stringify(next === undefined ? { items } : { items, next }),
});
