import type { Duplex } from "node:stream";
import { problemOf, Refusal } from "../../shared/errors.ts";

/**
 * Answers what is not HTTP, came too slowly, or has too large a head, and closes the connection. A socket with an answer
 * still under way belongs to that answer: then nothing is written, the connection ends with it.
 */
export const answerMalformed = (error: Error & { readonly code?: string }, socket: Duplex): void => {
  // `_httpMessage` is the response that node:http is sending on this socket.
  const response = (socket as Duplex & { readonly _httpMessage?: { shouldKeepAlive: boolean; writableEnded: boolean } })
    ._httpMessage;
  if (response && !response.writableEnded) {
    response.shouldKeepAlive = false;
    return;
  }
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [line, detail] =
    reasons[error.code ?? ""] ?? (["400 Bad Request", "The request is not valid HTTP/1.1."] as const);
  const status = Number(line.slice(0, 3));
  const body = JSON.stringify({ ...problemOf(new Refusal("invalid-request", detail)), status });
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "The header fields of a request may have at most 16 KiB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request did not arrive in time."],
};
