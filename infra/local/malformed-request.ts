import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Refusal } from "../../shared/errors.ts";
import { serverProblem } from "./problem-result.ts";

/** Event on a request whose body turned out not to be HTTP: its owner answers. */
export const malformedBody = "casenotes-malformed";

/**
 * Answers what is not HTTP, came too slowly, or has too large a head, and closes the connection. A socket with an answer
 * still under way belongs to that answer's owner: then nothing is written here, and the connection ends with it.
 */
export const answerMalformed = (error: Error & { readonly code?: string }, socket: Duplex): void => {
  // `_httpMessage` is the response that node:http is sending on this socket.
  const { _httpMessage: response } = socket as Duplex & { readonly _httpMessage?: ServerResponse };
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE") {
    socket.destroy();
  } else if (response !== undefined && !response.writableEnded) {
    response.shouldKeepAlive = false;
    if (!response.req.complete) response.req.emit(malformedBody);
  } else {
    const [line, detail] = reasons[error.code ?? ""] ?? otherReason;
    const requestId = randomUUID();
    const problem = serverProblem(requestId, new Refusal("invalid-request", detail));
    const body = JSON.stringify({ ...problem, status: Number(line.slice(0, 3)) });
    const type = `content-type: application/problem+json\r\nx-request-id: ${requestId}\r\nconnection: close`;
    socket.end(`HTTP/1.1 ${line}\r\n${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
};

const otherReason = ["400 Bad Request", "The request is not valid HTTP/1.1."] as const;

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "The header fields of a request may have at most 16 KiB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request did not arrive in time."],
};
