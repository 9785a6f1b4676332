import type { z } from "zod";
import { Refusal } from "../../shared/errors.ts";
import { fileErrors } from "../../shared/record/invalid-record.ts";
import { readText } from "./body.ts";
import type { HttpEvent } from "./exchange.ts";
import { parseStrictJson } from "./strict-json.ts";

const jsonType = /^application\/json\s*(?:;\s*charset=(?:utf-8|"utf-8")\s*)?$/i;
const listed = 10;

/** The body as `schema` describes it. Throws Refusal with the first fields that are wrong, never with their values. */
export const readJson = <T>(event: HttpEvent, schema: z.ZodType<T>): T => {
  if (!jsonType.test(event.headers["content-type"]?.trim() ?? ""))
    throw new Refusal("unsupported-media-type", "Send Content-Type: application/json.");
  const parsed = schema.safeParse(parseStrictJson(readText(event, "malformed-json")));
  if (parsed.success) return parsed.data;
  const errors = fileErrors(parsed.error).slice(0, listed);
  const { field = "", problem = "is not valid" } = errors[0] ?? {};
  throw new Refusal("invalid-request", `The body is not valid: ${field === "" ? "" : `${field}: `}${problem}`, {
    errors,
  });
};
