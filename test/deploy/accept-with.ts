import { randomUUID } from "node:crypto";
import { writePathDefaults, type TrustedIssuer } from "../../functions/config.ts";
import { readRecords } from "../../functions/read-records.ts";
import { submit } from "../../functions/submit.ts";
import { tokenVerifier } from "../../functions/tokens.ts";
import type { Engine } from "../../shared/ports.ts";

export interface Accepting {
  readonly url: string;
  readonly token: string;
  readonly patientId: string;
  readonly issuer: TrustedIssuer;
}

/** Has the submit function accept one write in this process, on an engine of the test's choice. */
export const acceptWith = async (engine: Engine, { url, token, patientId, issuer }: Accepting) => {
  const path = `/v1/patients/${patientId}/files/notes/dead.md`;
  const config = { ...writePathDefaults, version: "test", baseUrl: url, issuers: [issuer] };
  const handler = submit({
    config,
    engine,
    records: readRecords({ engine, cacheBytes: 1_000_000 }),
    hints: { queued: () => {}, settled: () => {}, sleep: () => Promise.resolve() },
    tokens: tokenVerifier([issuer], Date.now),
    signer: { committer: { name: "", email: "" }, sign: () => "", allowedSigner: "" },
    log: () => {},
    now: Date.now,
    newId: randomUUID,
    random: Math.random,
    reach: () => {},
  });
  const http = { method: "PUT", path, protocol: "HTTP/1.1", sourceIp: "", userAgent: "" };
  const place = { accountId: "", apiId: "", domainName: "", domainPrefix: "", routeKey: "", stage: "" };
  const { statusCode, headers, body } = await handler(
    {
      version: "2.0",
      routeKey: "$default",
      rawPath: path,
      rawQueryString: "",
      headers: {
        authorization: `Bearer ${token}`,
        "idempotency-key": randomUUID(),
        "if-none-match": "*",
        "content-type": "text/markdown",
      },
      requestContext: { ...place, http, requestId: "", time: "", timeEpoch: 0 },
      isBase64Encoded: false,
      body: "Once dead.",
    },
    { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 10_000 },
  );
  if (statusCode !== 202) throw new Error(`not accepted: ${statusCode} ${body}`);
  return { headers: new Headers(headers) };
};
