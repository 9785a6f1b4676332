import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { StreamedResult } from "../../functions/streamed-result.ts";
import { problemOf, Refusal } from "../../shared/errors.ts";

/** Lambda answers with at most 6 MB; three quarters of it are left by base64, and some is kept for the headers. */
const mostBytes = 4_400_000;

/** The whole of an answer that may be streamed, as the gateway takes it; what is too large is refused with the way out. */
export const wholeAnswer = async (
  { statusCode, headers, body }: StreamedResult,
  streamingUrl: string,
): Promise<APIGatewayProxyStructuredResultV2> => {
  const plain = { statusCode, headers: { ...headers } };
  if (typeof body === "string") return { ...plain, body };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    bytes += chunk.byteLength;
    // Leaving the loop ends the iterator: nothing more is read.
    if (bytes > mostBytes) return tooLarge(streamingUrl);
    chunks.push(chunk);
  }
  return { ...plain, body: Buffer.concat(chunks, bytes).toString("base64"), isBase64Encoded: true };
};

const tooLarge = (streamingUrl: string): APIGatewayProxyStructuredResultV2 => {
  const detail = `This clone is too large for the gateway. Clone from ${streamingUrl} instead: it streams.`;
  const problem = problemOf(new Refusal("payload-too-large", detail));
  return {
    statusCode: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    body: JSON.stringify(problem),
  };
};
