import { randomUUID } from "node:crypto";
import { IncomingMessage } from "node:http";
import { Socket, type AddressInfo } from "node:net";
import type { Config } from "../../functions/config.ts";
import { allFunctions } from "../../infra/local/all-functions.ts";
import { entryOf } from "../../infra/local/entry.ts";
import { gatewayEvent, targetOf } from "../../infra/local/gateway-event.ts";
import type { Answer } from "../../infra/local/one-shot-responder.ts";
import { localServer } from "../../infra/local/server.ts";
import { converse, type WireAnswer } from "./hostile-http.ts";
import { anHttpEdge } from "./http-edge.ts";

/** A request as it stands on the wire: target, fields in their order, and the bytes of its body. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export type { WireAnswer } from "./hostile-http.ts";

const apiBodyLimit = 256 * 1024;
const gitBodyLimit = 1_000_000;
const bodyLimit = (path: string): number => (path.startsWith("/git/") ? gitBodyLimit : apiBodyLimit);

/** The service's HTTP functions on a store in memory, reached directly or through the local server's socket. */
export const aHostileEdge = async (over: Partial<Config> = {}) => {
  const edge = await anHttpEdge(over);
  const entry = entryOf(allFunctions(edge.deps), new Map());
  const { server, counts } = localServer({ entry, log: edge.deps.log, now: Date.now, bodyLimit, handlerTimeMs: 1_500 });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => void sockets.push(socket));
  const { port } = server.address() as AddressInfo;
  /** By way of the functions alone, with the event that the local server makes of the request. */
  const callDirectly = async (request: WireRequest): Promise<WireAnswer> => {
    const requestId = randomUUID();
    const event = gatewayEvent({
      request: received(request),
      target: targetOf(request.target),
      body: request.body,
      requestId,
      at: Date.now(),
    });
    return whole(await entry(event, { awsRequestId: requestId, getRemainingTimeInMillis: () => 1_500 }));
  };
  /** By way of a socket: the answers to one request, which asks that the connection be closed. */
  const callBySocket = (request: WireRequest) =>
    converse(port, { parts: [headOf(request), request.body].filter(({ length }) => length > 0) });
  return {
    ...edge,
    port,
    origin: `http://127.0.0.1:${port}`,
    counts,
    /** Bytes that the server took from its clients so far. */
    bytesRead: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    /** Connections that are open. */
    connections: () => new Promise((resolve) => server.getConnections((_error, open) => resolve(open))),
    callDirectly,
    callBySocket,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await edge[Symbol.asyncDispose]();
    },
  };
};

export type HostileEdge = Awaited<ReturnType<typeof aHostileEdge>>;

const nowhere = new Socket();

/** What node:http makes of a request's head: names in lower case, repeated ones joined. */
const received = ({ method, headers }: WireRequest): IncomingMessage => {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    joined[key] = Object.hasOwn(joined, key) ? `${joined[key]}, ${value}` : value;
  }
  const request = new IncomingMessage(nowhere);
  request.method = method;
  request.headers = joined;
  request.httpVersion = "1.1";
  return request;
};

const headOf = ({ method, target, headers, body }: WireRequest): Buffer => {
  const fields = [["Host", "127.0.0.1"], ["Connection", "close"], ...headers];
  if (body.length > 0 || method !== "GET") fields.push(["Content-Length", String(body.length)]);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
};

const whole = async ({ statusCode = 200, headers = {}, body = "" }: Answer): Promise<WireAnswer> => {
  const given = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return { status: statusCode, headers: Object.fromEntries(given), body: await bytesOf(body) };
};

const bytesOf = async (body: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> => {
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
};
