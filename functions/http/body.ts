import { isUtf8 } from "node:buffer";
import { Refusal } from "../../shared/errors.ts";
import type { HttpEvent } from "./exchange.ts";

/** Largest body, bytes. */
export const maxBodyBytes = 256 * 1024;

const tooLarge = (): Refusal =>
  new Refusal("payload-too-large", `The body of this request may have at most ${maxBodyBytes} bytes.`);

type NotUtf8 = "invalid-request" | "malformed-json";

const notUtf8 = (code: NotUtf8): Refusal => new Refusal(code, "The body is not UTF-8.");

/** The body as text. Throws Refusal payload-too-large, unsupported-media-type, or the code given when it is not UTF-8. */
export const readText = ({ body, isBase64Encoded, headers }: HttpEvent, code: NotUtf8 = "invalid-request"): string => {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity")
    throw new Refusal("unsupported-media-type", "Send the body as it is, without Content-Encoding.");
  if (body === undefined) return "";
  if (!isBase64Encoded) return checkedText(body, code);
  const bytes = Buffer.from(body, "base64");
  if (bytes.length > maxBodyBytes) throw tooLarge();
  if (!isUtf8(bytes)) throw notUtf8(code);
  return bytes.toString("utf8");
};

/** UTF-8 takes at most three bytes for a UTF-16 unit: most bodies need not be counted. */
const checkedText = (body: string, code: NotUtf8): string => {
  if (body.length * 3 > maxBodyBytes && Buffer.byteLength(body) > maxBodyBytes) throw tooLarge();
  if (!body.isWellFormed()) throw notUtf8(code);
  return body;
};
