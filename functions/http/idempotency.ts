import { hash } from "node:crypto";
import { Refusal } from "../../shared/errors.ts";
import type { Caller, OperationId } from "../../shared/operation.ts";
import type { HttpEvent } from "./exchange.ts";

const visibleAscii = /^[\x21-\x7e]{1,255}$/;

/** The Idempotency-Key of a write. Throws Refusal idempotency-key-required. */
export const readKey = ({ headers }: HttpEvent): string => {
  const key = headers["idempotency-key"];
  if (key !== undefined && visibleAscii.test(key)) return key;
  throw new Refusal(
    "idempotency-key-required",
    "Send an Idempotency-Key of 1 to 255 visible ASCII characters, new for each change and the same for each repeat of it.",
  );
};

/** The operation that a caller's key stands for: a UUID (version 8, RFC 9562) made of their hash. */
export const operationIdOf = ({ issuer, subject }: Caller, key: string): OperationId => {
  const digest = hash("sha256", JSON.stringify([issuer, subject, key]), "hex");
  const variant = "89ab"[Number.parseInt(digest.slice(16, 17), 16) & 3];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
};

/** SHA-256 (hex) of what makes two requests with one key the same: method, path, media type, preconditions, body. */
export const requestHashOf = ({ requestContext, rawPath, headers }: HttpEvent, body: string): string =>
  hash(
    "sha256",
    [
      requestContext.http.method,
      rawPath,
      headers["content-type"] ?? "",
      headers["if-match"] ?? "",
      headers["if-none-match"] ?? "",
      body,
    ].join("\n"),
    "hex",
  );
