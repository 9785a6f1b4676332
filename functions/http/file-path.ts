import { Refusal } from "../../shared/errors.ts";
import type { HttpEvent } from "./exchange.ts";

const encodedSlash = /%2f/i;

/** The file's path behind `/files/`. Percent-escapes are undone once; no allowed path needs them. */
export const readFilePath = ({ pathParameters }: HttpEvent): string => {
  const raw = pathParameters?.["proxy"] ?? "";
  if (!raw.includes("%")) return raw;
  if (encodedSlash.test(raw)) throw new Refusal("invalid-path", "A slash in a path is not to be escaped.");
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new Refusal("invalid-path", "The path is not valid UTF-8 in percent-escapes.");
  }
};
