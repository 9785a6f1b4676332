import type { IncomingMessage } from "node:http";
import { malformedBody } from "./malformed-request.ts";

export type CollectedBody =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  /** Its framing is not HTTP. */
  | { readonly kind: "malformed" }
  /** The client left before the body was complete. */
  | { readonly kind: "gone" };

const empty: CollectedBody = { kind: "whole", bytes: new Uint8Array(0) };
const tooLarge: CollectedBody = { kind: "too-large" };
const malformed: CollectedBody = { kind: "malformed" };
const gone: CollectedBody = { kind: "gone" };

/** Reads a request's body, refusing it as soon as it is known to exceed `limit` bytes: by its Content-Length, else while reading. */
export const collectBody = (req: IncomingMessage, limit: number): Promise<CollectedBody> => {
  const declared = req.headers["content-length"];
  if (declared === undefined && req.headers["transfer-encoding"] === undefined) return Promise.resolve(empty);
  if (declared !== undefined && Number(declared) > limit) return Promise.resolve(tooLarge);
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const finish = (result: CollectedBody) => {
      req.off("data", onData).off("end", onEnd).off("close", onGone).off(malformedBody, onMalformed);
      resolve(result);
    };
    const onData = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > limit) finish(tooLarge);
      else chunks.push(chunk);
    };
    const onEnd = () => finish({ kind: "whole", bytes: joined(chunks, bytes) });
    const onGone = () => finish(gone);
    const onMalformed = () => finish(malformed);
    // `error` comes with `close`; the listener only keeps a client's reset from being thrown.
    req.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone).on(malformedBody, onMalformed);
  });
};

/** No copy for the usual body, which arrives in one piece. */
const joined = (chunks: readonly Uint8Array[], bytes: number): Uint8Array => {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
};
