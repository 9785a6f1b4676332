import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Server as NetServer } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Refusal } from "../../shared/errors.ts";
import type { Invocation, Log } from "../../functions/dependencies.ts";
import { collectBody } from "./collect-body.ts";
import { gatewayEvent, targetOf } from "./gateway-event.ts";
import { answerConnect, answerMalformed } from "./malformed-request.ts";
import { oneShotResponder, type Answer } from "./one-shot-responder.ts";
import { problemResult } from "./problem-result.ts";
import { refusedHead } from "./refused-head.ts";
import { throwFields } from "../../functions/throw-fields.ts";

/** All functions behind one door: answers an event as API Gateway would have it answered. */
export type Entry = (event: APIGatewayProxyEventV2, invocation: Invocation) => Promise<Answer>;

export interface ServerOptions {
  readonly entry: Entry;
  readonly log: Log;
  readonly now: () => number;
  /** Largest body of a path, bytes. */
  readonly bodyLimit: (path: string) => number;
  /** PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What a handler may take, ms: as long as an API Gateway integration waits. */
  readonly handlerTimeMs?: number;
}

/** What happened since the start. `throws` is what no function is meant to let out: always 0. */
interface ServerCounts {
  answered: number;
  gone: number;
  throws: number;
}

export interface LocalServer {
  readonly server: Server;
  readonly counts: Readonly<ServerCounts>;
  /** Stops accepting, cuts the waits short, lets open requests end; resolves when the last connection is closed. */
  drain(): Promise<void>;
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  joinDuplicateHeaders: true,
  // Checked here instead, so that its absence is answered with a problem.
  requireHostHeader: false,
  noDelay: true,
};

/** `node:http` in front of the functions: bodies refused while reading, one answer to each request, malformed HTTP refused. */
export const localServer = (options: ServerOptions): LocalServer => {
  const counts: ServerCounts = { answered: 0, gone: 0, throws: 0 };
  const draining = { value: false };
  const waits = new Set<AbortController>();
  const listener: RequestListener = (req, res) => {
    if (draining.value) res.shouldKeepAlive = false;
    serve(req, res, { ...options, counts, draining, waits }).catch((cause: unknown) => {
      counts.throws += 1;
      options.log("error", "unexpected-throw", throwFields(cause));
      res.destroy();
    });
  };
  const server =
    options.tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, ...options.tls }, listener);
  server.on("clientError", answerMalformed);
  server.on("checkContinue", listener);
  server.on("checkExpectation", listener);
  server.on("connect", answerConnect);
  return { server, counts, drain: () => drain(server, draining, waits) };
};

type Serving = ServerOptions & {
  readonly counts: ServerCounts;
  readonly draining: { readonly value: boolean };
  readonly waits: Set<AbortController>;
};

const serve = async (req: IncomingMessage, res: ServerResponse, serving: Serving): Promise<void> => {
  const { entry, bodyLimit, counts, now } = serving;
  const onGone = () => {
    counts.gone += 1;
  };
  const responder = oneShotResponder(res, { onGone, waits: serving.waits });
  const requestId = randomUUID();
  const refused = refusedHead(req, requestId);
  if (refused !== undefined) return responder.answerAndClose(refused, req);
  const target = targetOf(req.url ?? "/");
  const limit = bodyLimit(target.path);
  if (req.headers.expect !== undefined && req.httpVersion !== "1.0" && !(Number(req.headers["content-length"]) > limit))
    res.writeContinue();
  const body = await collectBody(req, limit);
  if (body.kind === "gone") return;
  if (body.kind !== "whole")
    return responder.answerAndClose(problemResult(requestId, refusedBody(body.kind, limit)), req);
  const at = now();
  const endsAt = at + (serving.handlerTimeMs ?? 29_000);
  const invocation: Invocation = {
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => (serving.draining.value ? 0 : Math.max(0, endsAt - now())),
    get signal() {
      return responder.signal;
    },
  };
  const event = gatewayEvent({ request: req, target, body: body.bytes, requestId, at });
  const answer = await entry(event, invocation).catch((cause: unknown) => failed(cause, requestId, serving));
  await responder.answer(answer);
  counts.answered += responder.state() === "answered" ? 1 : 0;
};

const refusedBody = (kind: "too-large" | "malformed", limit: number): Refusal =>
  kind === "too-large"
    ? new Refusal("payload-too-large", `The body of this request may have at most ${limit} bytes.`)
    : new Refusal("invalid-request", "The body's framing is not valid HTTP/1.1.");

const unexpected = new Refusal(
  "internal-error",
  "The request failed. It may be sent again with the same Idempotency-Key.",
);

const failed = (cause: unknown, requestId: string, { counts, log }: Serving): Answer => {
  counts.throws += 1;
  log("error", "unexpected-throw", { requestId, ...throwFields(cause) });
  return problemResult(requestId, unexpected);
};

/** Connections that may stand before the door while this process is busy. */
export const backlog = 1_024;

/**
 * Accepts who has connected already, one a turn of the event loop: closing the listener would reset them. However long that
 * takes: there are no more of them than the backlog holds, and who comes later may be one too many.
 */
const emptyBacklog = async (server: Server): Promise<void> => {
  let accepted = 0;
  const count = () => {
    accepted += 1;
  };
  server.on("connection", count);
  for (let seen = -1; Math.min(accepted, backlog) > seen;) {
    seen = accepted;
    await nextTurn();
    await nextTurn();
  }
  server.off("connection", count);
};

/** How long requests that were sent before the end was known may take to come in, ms. */
const requestsInFlightMs = 100;

const drain = async (
  server: Server,
  draining: { value: boolean },
  waits: ReadonlySet<AbortController>,
): Promise<void> => {
  draining.value = true;
  // Who waits is answered with what is known by now: 202 for a write that is not settled.
  for (const wait of waits) wait.abort();
  await emptyBacklog(server);
  // Not the HTTP server's own close: it cuts connections whose request has arrived but was not read yet.
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
  await sleep(requestsInFlightMs);
  // After the timer a turn reads what came while the loop was busy.
  await nextTurn();
  await nextTurn();
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  await closed;
  clearInterval(sweep);
};
