import type { APIGatewayProxyEventV2 } from "aws-lambda";

/** A request as the gateway hands it to a function (payload 2.0). `path` may have a query; bytes come as base64. */
export const anHttpEvent = (
  method: string,
  path: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body?: string | Uint8Array | undefined },
): APIGatewayProxyEventV2 => {
  const [rawPath = "", query = ""] = path.split("?");
  const isBytes = body instanceof Uint8Array;
  const event: APIGatewayProxyEventV2 = {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: query,
    headers,
    requestContext: {
      accountId: "test",
      apiId: "test",
      domainName: "test",
      domainPrefix: "test",
      routeKey: "$default",
      stage: "$default",
      requestId: "",
      time: "",
      timeEpoch: 0,
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "" },
    },
    isBase64Encoded: isBytes,
  };
  if (query !== "") event.queryStringParameters = Object.fromEntries(new URLSearchParams(query));
  if (body !== undefined) event.body = isBytes ? Buffer.from(body).toString("base64") : body;
  return event;
};
