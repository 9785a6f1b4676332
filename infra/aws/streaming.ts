import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Invocation, Log } from "../../functions/dependencies.ts";
import type { HttpEvent } from "../../functions/http/exchange.ts";
import type { StreamedResult } from "../../functions/streamed-result.ts";
import { throwFields } from "../../functions/throw-fields.ts";

/** What breaks off an answer, as Lambda's runtime is told: it logs a throw's text, which may quote a record. */
class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/**
 * A handler (Lambda developer guide, "Response streaming") whose answer is sent while it is made. A body that breaks off
 * ends in a broken stream, not in a short one, and ends its instance with it, as Lambda's runtime does when its own
 * request is cut (aws-lambda-nodejs-runtime-interface-client 3.3.0). It runs to its end also when the client has left:
 * Lambda does not tell.
 */
export const streaming = (answer: (event: HttpEvent, invocation: Invocation) => Promise<StreamedResult>, log: Log) =>
  awslambda.streamifyResponse(async (event, stream, context) => {
    const { statusCode, headers, body } = await answer(event, context);
    // The runtime writes status and headers with the first chunk: there is always one, be it empty.
    const out = awslambda.HttpResponseStream.from(stream, { statusCode, headers });
    const told = (cause: unknown) => {
      log("error", "unexpected-throw", { requestId: context.awsRequestId, ...throwFields(cause) });
      return new BrokenOff("The answer broke off; the line before says why.");
    };
    await pipeline(Readable.from(isWhole(body) ? [Buffer.from(body)] : orElse(body, told)), out);
  });

const isWhole = (body: StreamedResult["body"]): body is string | Uint8Array =>
  typeof body === "string" || body instanceof Uint8Array;

/** Leaving it early closes what it reads. */
async function* orElse(body: AsyncIterable<Uint8Array>, errorFor: (cause: unknown) => Error) {
  try {
    yield* body;
  } catch (cause) {
    throw errorFor(cause);
  }
}
