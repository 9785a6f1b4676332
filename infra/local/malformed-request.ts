import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
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
  const response = responseOn(socket);
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE") {
    socket.destroy();
  } else if (response !== undefined) {
    response.shouldKeepAlive = false;
    if (!response.req.complete) response.req.emit(malformedBody);
  } else {
    const [line, detail] = reasons[error.code ?? ""] ?? otherReason;
    endWith(socket, line, new Refusal("invalid-request", detail));
  }
};

/** How long a client may take to close its side after a refused CONNECT, ms. */
const closeMs = 2_000;

/** Refuses CONNECT, whose socket node:http has given up: nothing else listens to it. */
export const answerConnect = (_request: IncomingMessage, socket: Duplex): void => {
  socket.on("error", () => socket.destroy()).resume();
  const response = responseOn(socket);
  if (response !== undefined) {
    response.shouldKeepAlive = false;
    return;
  }
  const timer = setTimeout(() => socket.destroy(), closeMs);
  socket.on("close", () => clearTimeout(timer));
  const refusal = new Refusal("method-not-allowed", "This server is no proxy.", { allow: methods });
  endWith(socket, `405 Method Not Allowed\r\nallow: ${methods.join(", ")}`, refusal);
};

const methods = ["GET", "HEAD", "POST", "PUT", "DELETE"] as const;

/** The response that is still under way on a socket: `_httpMessage` is the one that node:http is sending. */
const responseOn = (socket: Duplex): ServerResponse | undefined => {
  const { _httpMessage: response } = socket as Duplex & { readonly _httpMessage?: ServerResponse };
  return response?.writableEnded === false ? response : undefined;
};

/** Writes the status line's end, further fields included, and the problem; closes our side. */
const endWith = (socket: Duplex, line: string, refusal: Refusal): void => {
  const requestId = randomUUID();
  const body = JSON.stringify({ ...serverProblem(requestId, refusal), status: Number(line.slice(0, 3)) });
  const type = `content-type: application/problem+json\r\nx-request-id: ${requestId}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${line}\r\n${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

const otherReason = ["400 Bad Request", "The request is not valid HTTP/1.1."] as const;

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "The header fields of a request may have at most 16 KiB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request did not arrive in time."],
};
