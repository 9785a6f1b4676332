import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";

/** Path and query of a request target, which may be in absolute form (RFC 9112, 3.2.2). */
export const targetOf = (url: string): { readonly path: string; readonly query: string } => {
  const authority = url.startsWith("http://") ? 7 : url.startsWith("https://") ? 8 : 0;
  const start = authority === 0 ? 0 : url.indexOf("/", authority);
  const rest = start < 0 ? "/" : start === 0 ? url : url.slice(start);
  const mark = rest.indexOf("?");
  return mark < 0 ? { path: rest, query: "" } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
};

export interface ReceivedRequest {
  readonly request: IncomingMessage;
  readonly target: { readonly path: string; readonly query: string };
  readonly body: Uint8Array;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The event an API Gateway HTTP API (payload format 2.0) would hand to the function; HEAD is asked as GET. */
export const gatewayEvent = ({ request, target, body, requestId, at }: ReceivedRequest): APIGatewayProxyEventV2 => {
  const text = body.byteLength === 0 ? "" : textOf(body);
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
  const event: APIGatewayProxyEventV2 = {
    version: "2.0",
    routeKey: "$default",
    rawPath: target.path,
    rawQueryString: target.query,
    // joinDuplicateHeaders is on, so every value but set-cookie's is a string.
    headers: request.headers as Record<string, string>,
    requestContext: {
      ...place,
      http: {
        method,
        path: target.path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? "",
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId,
      time: "",
      timeEpoch: at,
    },
    isBase64Encoded: text === undefined,
  };
  if (target.query !== "") event.queryStringParameters = queryOf(target.query);
  if (text !== "") event.body = text ?? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  return event;
};

const place = {
  accountId: "local",
  apiId: "local",
  domainName: "local",
  domainPrefix: "local",
  routeKey: "$default",
  stage: "$default",
};

const textOf = (body: Uint8Array): string | undefined =>
  isUtf8(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8") : undefined;

/** Decoded; a repeated name joins its values with commas, as the gateway does. */
const queryOf = (query: string): Record<string, string> => {
  const joined: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    const before = joined[name];
    joined[name] = before === undefined ? value : `${before},${value}`;
  }
  return joined;
};
