import { once } from "node:events";
import { createServer, request, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Context } from "aws-lambda";
import type { HttpEvent } from "../../functions/http/exchange.ts";
import { gatewayEvent, targetOf } from "../../infra/local/gateway-event.ts";

type Handler = (event: HttpEvent, stream: Writable, context: Context) => Promise<void>;

/** What the runtime adds to a request in order to make it a response stream. */
interface ResponseStream extends Writable {
  setContentType(type: string): void;
  beforeFirstWrite?: (write: (bytes: Uint8Array) => void) => void;
}

const preludeType = "application/vnd.awslambda.http-integration-response";
const preludeEnd = Buffer.alloc(8);

/**
 * The global that Lambda's Node runtime offers, as far as a handler sees it (aws-lambda-nodejs-runtime-interface-client,
 * ResponseStream and HttpResponseStream): status and headers go out as JSON and eight zero bytes, before the first write.
 */
const runtimeGlobal = {
  streamifyResponse: (handler: Handler): Handler => handler,
  HttpResponseStream: {
    from: (stream: ResponseStream, prelude: object): ResponseStream => {
      stream.setContentType(preludeType);
      stream.beforeFirstWrite = (write) => {
        write(Buffer.from(JSON.stringify(prelude)));
        write(preludeEnd);
      };
      return stream;
    },
  },
};

const listening = async (listener: RequestListener) => {
  const server = createServer({ joinDuplicateHeaders: true }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { port, close };
};

/** Takes status and headers off what a function sends, and lets the rest through. */
const preludeReader = (client: ServerResponse): Transform => {
  let before: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      if (before === undefined) return done(null, chunk);
      const seen: Buffer = Buffer.concat([before, chunk]);
      const end = seen.indexOf(preludeEnd);
      before = end < 0 ? seen : undefined;
      if (end < 0) return done();
      const { statusCode, headers } = JSON.parse(seen.subarray(0, end).toString());
      client.writeHead(statusCode, headers).flushHeaders();
      return done(null, seen.subarray(end + preludeEnd.length));
    },
  });
};

/** A request to the runtime's own interface, as a handler gets it. */
const responseStream = (port: number, id: string): ResponseStream => {
  const out = request({ host: "127.0.0.1", port, path: `/${id}`, method: "POST" });
  const write = out.write.bind(out) as (chunk: Uint8Array, ...rest: unknown[]) => boolean;
  const stream = out as unknown as ResponseStream;
  stream.setContentType = (type) => void out.setHeader("content-type", type);
  stream.write = ((chunk: Uint8Array, ...rest: unknown[]) => {
    stream.beforeFirstWrite?.((bytes) => void write(bytes));
    delete stream.beforeFirstWrite;
    return write(chunk, ...rest);
  }) as ResponseStream["write"];
  return stream;
};

/**
 * Lambda's function URL for one streamed handler, over real sockets: payload 2.0 in, prelude and stream out. `make` is
 * called with the runtime's global in place. A client that leaves cuts the function's stream, which Lambda does not do.
 */
export const functionUrl = async (make: () => unknown) => {
  Object.assign(globalThis, { awslambda: runtimeGlobal });
  const handler = make() as Handler;
  const clients = new Map<string, ServerResponse>();
  const outcomes: Promise<unknown>[] = [];
  const types: (string | undefined)[] = [];
  const runtime = await listening(async (sent, res) => {
    const client = clients.get(sent.url?.slice(1) ?? "")!;
    clients.delete(sent.url?.slice(1) ?? "");
    types.push(sent.headers["content-type"]);
    try {
      // What is cut on one side is cut on the other.
      await pipeline(sent, preludeReader(client), client);
      res.end();
    } catch {
      res.destroy();
    }
  });
  const front = await listening(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const requestId = crypto.randomUUID();
    clients.set(requestId, res);
    const body = Buffer.concat(chunks);
    const event = gatewayEvent({ request: req, target: targetOf(req.url ?? "/"), body, requestId, at: Date.now() });
    const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => 900_000 } as unknown as Context;
    const outcome = handler(event, responseStream(runtime.port, requestId), context).catch((cause: unknown) => {
      // Nothing had been sent.
      if (clients.delete(requestId)) res.writeHead(502).end();
      return cause;
    });
    outcomes.push(outcome);
  });
  return {
    url: `http://127.0.0.1:${front.port}`,
    /** Content types of what the function sent. */
    types,
    /** What each invocation ended with: undefined, or what it threw. */
    ended: () => Promise.all(outcomes),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await Promise.all([front.close(), runtime.close()]);
      Reflect.deleteProperty(globalThis, "awslambda");
    },
  };
};
