import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Invocation } from "../../functions/dependencies.ts";
import { functionFor, type FunctionName } from "../../functions/routes.ts";
import type { LocalIssuer } from "./issuer.ts";
import type { Answer } from "./one-shot-responder.ts";
import type { Entry } from "./server.ts";

/** Puts all functions behind one door, with the local issuer's two documents beside them. */
export const entryOf = (functions: Readonly<Record<FunctionName, Entry>>, issuerPages: IssuerPages): Entry =>
  function enter(event: APIGatewayProxyEventV2, invocation: Invocation): Promise<Answer> {
    const { method, path } = event.requestContext.http;
    const page = issuerPages.get(path);
    if (page !== undefined && method === "GET") return Promise.resolve(page);
    return functions[functionFor(method, path)](event, invocation);
  };

type IssuerPages = ReadonlyMap<string, Answer>;

/** OpenID Connect discovery: how a client, or another service, learns this issuer's name and keys. */
export const issuerPages = ({ name, jwks }: LocalIssuer, baseUrl: string): IssuerPages => {
  const configuration = {
    issuer: name,
    jwks_uri: `${baseUrl}/.well-known/jwks.json`,
    response_types_supported: ["none"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["EdDSA"],
  };
  return new Map([
    ["/.well-known/openid-configuration", page(configuration)],
    ["/.well-known/jwks.json", page(jwks)],
  ]);
};

const page = (content: unknown): Answer => ({
  statusCode: 200,
  headers: { "content-type": "application/json", "cache-control": "public, max-age=300" },
  body: JSON.stringify(content),
});
