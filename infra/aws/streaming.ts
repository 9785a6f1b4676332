import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Invocation } from "../../functions/dependencies.ts";
import type { HttpEvent } from "../../functions/http/exchange.ts";
import type { StreamedResult } from "../../functions/streamed-result.ts";

/** A handler (Lambda developer guide, "Response streaming") whose answer is sent while it is made; a body that breaks off ends in a broken stream, not in a short one. */
export const streaming = (answer: (event: HttpEvent, invocation: Invocation) => Promise<StreamedResult>) =>
  awslambda.streamifyResponse(async (event, stream, context) => {
    const { statusCode, headers, body } = await answer(event, context);
    const out = awslambda.HttpResponseStream.from(stream, { statusCode, headers });
    await pipeline(typeof body === "string" ? Readable.from([Buffer.from(body)]) : Readable.from(chunksOf(body)), out);
  });

const chunksOf = (body: Uint8Array | AsyncIterable<Uint8Array>) => (body instanceof Uint8Array ? [body] : body);
