import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { StreamedResult } from "../../functions/streamed-result.ts";

export type Answer = APIGatewayProxyStructuredResultV2 | StreamedResult;

/** The only owner of one response. `open` ends once, as `answered` or `gone`; both are final. */
export interface Responder {
  state(): "open" | "answered" | "gone";
  /** Aborted when the client leaves before its answer. Made on first use: most requests never wait. */
  readonly signal: AbortSignal;
  /** Sends the answer unless the client is gone. Resolves when a streamed body has ended; throws what its iterator throws. */
  answer(answer: Answer): Promise<void>;
  /**
   * Answers and closes the connection, but first reads on for a while what the client is still sending: closing a
   * socket with unread bytes resets it, and the client would lose the answer (RFC 9112, 9.6).
   */
  answerAndClose(answer: Answer, request: IncomingMessage): Promise<void>;
}

export interface ResponderOptions {
  readonly onGone: () => void;
  /** Where the controllers of open waits are kept, so that a server that stops can cut them short. */
  readonly waits: Set<AbortController>;
}

/** How long and how much is read after an early refusal. */
const linger = { ms: 2_000, bytes: 8 * 1024 * 1024 };

/** Binds a responder to a response. */
export const oneShotResponder = (res: ServerResponse, options: ResponderOptions): Responder => {
  const owner = ownership(res, options);
  return {
    state: owner.state,
    get signal() {
      return owner.signal();
    },
    answer: async (answer) => {
      if (owner.claim()) await send(res, answer);
    },
    answerAndClose: async (answer, request) => {
      if (!owner.claim()) return;
      const body = bufferOf(answer);
      res.writeHead(answer.statusCode ?? 200, { ...headersOf(answer, body), connection: "close" });
      res.write(body);
      await drained(request);
      res.end();
    },
  };
};

/** The one sign of a client leaving is `close` of the response while it is open. */
const ownership = (res: ServerResponse, { onGone, waits }: ResponderOptions) => {
  let state: "open" | "answered" | "gone" = "open";
  let controller: AbortController | undefined;
  const left = () => {
    if (controller !== undefined) waits.delete(controller);
    if (state !== "open") return;
    state = "gone";
    controller?.abort();
    onGone();
  };
  res.on("close", left);
  return {
    state: () => state,
    /** True once: for whoever may answer. */
    claim: () => {
      if (state !== "open") return false;
      state = "answered";
      return true;
    },
    signal: () => {
      if (controller === undefined) {
        controller = new AbortController();
        if (state === "gone") controller.abort();
        else waits.add(controller);
      }
      return controller.signal;
    },
  };
};

const send = async (res: ServerResponse, answer: Answer): Promise<void> => {
  const { body } = answer;
  if (typeof body === "object" && Symbol.asyncIterator in body) {
    res.writeHead(answer.statusCode ?? 200, headersOf(answer, undefined));
    await pipe(res, body);
    return;
  }
  const whole = bufferOf(answer);
  res.writeHead(answer.statusCode ?? 200, headersOf(answer, whole));
  res.end(whole);
};

/** One chunk at a time; stops when the client is gone; a throwing iterator cuts the connection. */
const pipe = async (res: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> => {
  try {
    for await (const chunk of body) {
      if (res.destroyed) return;
      if (!res.write(chunk)) await roomOrGone(res);
    }
  } catch (cause) {
    res.destroy();
    throw cause;
  }
  res.end();
};

const roomOrGone = (res: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      res.off("drain", done);
      res.off("close", done);
      resolve();
    };
    if (res.destroyed) return resolve();
    res.on("drain", done);
    res.on("close", done);
  });

const bufferOf = ({ body, ...answer }: Answer): string | Uint8Array => {
  if (body === undefined || typeof body === "string")
    return "isBase64Encoded" in answer && answer.isBase64Encoded === true
      ? Buffer.from(body ?? "", "base64")
      : (body ?? "");
  if (body instanceof Uint8Array) return body;
  throw new TypeError("a streamed body cannot be sent whole");
};

const headersOf = (answer: Answer, whole: string | Uint8Array | undefined): OutgoingHttpHeaders => {
  const headers: OutgoingHttpHeaders = {};
  const given = answer.headers ?? {};
  for (const name in given) headers[name] = String(given[name]);
  if ("cookies" in answer && answer.cookies !== undefined) headers["set-cookie"] = answer.cookies;
  const { statusCode } = answer;
  if (whole !== undefined && statusCode !== 304 && statusCode !== 204)
    headers["content-length"] = typeof whole === "string" ? Buffer.byteLength(whole) : whole.byteLength;
  return headers;
};

const drained = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    let bytes = 0;
    const done = () => {
      clearTimeout(timer);
      request.off("data", onData).off("end", done).off("close", done);
      resolve();
    };
    const onData = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > linger.bytes) done();
    };
    const timer = setTimeout(done, linger.ms);
    if (request.complete || request.destroyed) return done();
    request.on("data", onData).on("end", done).on("close", done).resume();
  });
