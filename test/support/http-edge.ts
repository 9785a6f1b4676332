import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { commitBatch } from "../../functions/commit.ts";
import { writePathDefaults, type Config } from "../../functions/config.ts";
import type { Dependencies, Invocation } from "../../functions/dependencies.ts";
import { readRecords } from "../../functions/read-records.ts";
import { functionFor } from "../../functions/routes.ts";
import { tokenVerifier } from "../../functions/tokens.ts";
import { localHints } from "../../infra/local/hints.ts";
import { queueEvent } from "../../infra/local/queue-event.ts";
import { engineOn } from "../../infra/local/sqlite/open-engine.ts";
import { openFile } from "../../infra/local/sqlite/open-file.ts";
import { allFunctions } from "../../infra/local/all-functions.ts";
import { createSigner } from "../../shared/git/signature.ts";
import { anHttpEvent } from "./an-http-event.ts";

export const issuer = "https://issuer.test";
export const audience = "casenotes";

export interface Claims {
  readonly subject?: string;
  readonly scope?: string | null;
  readonly role?: string;
  readonly patients?: unknown;
  readonly over?: Readonly<Record<string, unknown>>;
}

export interface Call {
  /** null: none; absent: an ordinary one with every scope. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, bytes as base64, text as it is. */
  readonly body?: unknown;
  /** Idempotency-Key; null: none; absent: a new one on writes. */
  readonly key?: string | null;
  readonly invocation?: Partial<Invocation>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at what came, whatever it is
  readonly json: any;
}

const everyScope = "record:read record:write operation:read ops:read ops:redrive";

/** A JWKS document in a URI, as the local issuer gives it: no network, but jose's own way of fetching it. */
export const jwksUriOf = (keys: readonly object[]): string =>
  `data:application/json;base64,${Buffer.from(JSON.stringify({ keys })).toString("base64")}`;

const mint = (key: CryptoKey, { subject = "user-1", scope = everyScope, role = "clinician", patients, over }: Claims) =>
  new SignJWT({
    name: "A Clinician",
    role,
    ...(scope !== null && { scope }),
    ...(patients !== undefined && { patients }),
    iss: issuer,
    aud: audience,
    sub: subject,
    exp: Math.floor(Date.now() / 1000) + 3600,
    ...over,
  })
    .setProtectedHeader({ alg: "EdDSA", kid: "key-1" })
    .sign(key);

const signer = createSigner({
  privateKeyPem: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  committer: { name: "Casenotes", email: "writer@casenotes.invalid" },
});

const reach = () => undefined;

/** Every HTTP function and the commit function, on a SQLite engine in memory, with an issuer of its own. */
export const anHttpEdge = async (over: Partial<Config> = {}) => {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", alg: "EdDSA" };
  const config: Config = {
    ...writePathDefaults,
    version: "0.0.0-test",
    baseUrl: "http://127.0.0.1:8080",
    issuers: [{ issuer, audience, jwksUri: jwksUriOf([jwk]), algorithms: ["EdDSA"] }],
    ...over,
  };
  const clock = { ms: 0 };
  const now = () => Date.now() + clock.ms;
  const file = ":memory:";
  const connections = openFile(file);
  const written = connections.reader.prepare("SELECT total_changes() AS rows");
  const engine = await engineOn(connections, {
    file,
    now,
    random: Math.random,
    newId: randomUUID,
    ...config,
    reach,
  });
  const hints = localHints(() => undefined);
  const lines: Record<string, unknown>[] = [];
  const deps: Dependencies = {
    config,
    engine,
    records: readRecords({ engine, cacheBytes: 1024 * 1024 }),
    hints,
    tokens: tokenVerifier(config.issuers, now),
    signer,
    log: (level, event, fields) => void lines.push({ level, event, ...fields }),
    now,
    newId: randomUUID,
    random: Math.random,
    reach,
  };
  const functions = allFunctions(deps);
  const commit = commitBatch(deps);
  const ordinary = await mint(privateKey, {});
  const call = async (method: string, path: string, asked: Call = {}): Promise<Answered> => {
    const event = eventOf(method, path, { ...asked, token: asked.token === undefined ? ordinary : asked.token });
    const invocation = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 29_000, ...asked.invocation };
    const answer = await functions[functionFor(method, event.rawPath)](event, invocation);
    const text = typeof answer.body === "string" ? answer.body : "";
    const json = String(answer.headers?.["content-type"]).endsWith("json") ? JSON.parse(text) : undefined;
    return { status: answer.statusCode ?? 200, headers: answer.headers as Record<string, string>, text, json };
  };
  /** Commits whatever is queued. */
  const work = async (): Promise<void> => {
    for (;;) {
      const messages = await engine.queue.receive(10);
      if (messages.length === 0) return;
      await commit(queueEvent(messages));
      await engine.queue.delete(messages.map(({ receipt }) => receipt));
      hints.settled(messages.map(({ body }) => JSON.parse(body).operationId));
    }
  };
  return {
    deps,
    clock,
    lines,
    hints,
    call,
    work,
    privateKey,
    jwk,
    token: (claims: Claims = {}) => mint(privateKey, claims),
    /** Rows written or deleted so far, in whatever table: what stores nothing leaves it as it is. */
    written: () => Number(written.get()?.["rows"]),
    /** Number of rows that exist; nothing stored means that it did not rise. */
    operations: async () => (await engine.operations.list({ limit: 1_000 })).items.length,
    [Symbol.asyncDispose]: () => engine.close(),
  };
};

export type HttpEdge = Awaited<ReturnType<typeof anHttpEdge>>;

const writes = /^\/v1\/patients(?:$|\/[^/]+\/(?:changes$|files\/))/;

const eventOf = (method: string, path: string, { token, headers, body, key }: Call): APIGatewayProxyEventV2 => {
  const [rawPath = ""] = path.split("?");
  const isBytes = body instanceof Uint8Array;
  const isJson = typeof body === "object" && !isBytes;
  const needsKey = key === undefined && method !== "GET" && writes.test(rawPath);
  return anHttpEvent(method, path, {
    headers: {
      ...(typeof token === "string" && { authorization: `Bearer ${token}` }),
      ...(isJson && { "content-type": "application/json" }),
      ...(needsKey && { "idempotency-key": randomUUID() }),
      ...(typeof key === "string" && { "idempotency-key": key }),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : isBytes || body === undefined ? body : String(body),
  });
};

export const aPatientBody = (over: Readonly<Record<string, unknown>> = {}) => ({
  name: { family: "Doe", given: ["Sample"] },
  birthDate: "1990-04-02",
  sex: "female",
  ...over,
});

/** A patient with its first commit; gives its id. */
export const aPatient = async (
  { call, work }: HttpEdge,
  over: Readonly<Record<string, unknown>> = {},
): Promise<string> => {
  const id = randomUUID();
  const { status } = await call("POST", "/v1/patients", { body: aPatientBody({ id, ...over }) });
  if (status !== 202) throw new Error(`a create was answered ${status}`);
  await work();
  return id;
};

/** A note in a record; gives its ETag, quoted. */
export const aNote = async ({ call, work }: HttpEdge, id: string, path = "notes/a.md"): Promise<string> => {
  const url = `/v1/patients/${id}/files/${path}`;
  await call("PUT", url, { headers: { "if-none-match": "*", "content-type": "text/plain" }, body: "first" });
  await work();
  return (await call("GET", url)).headers["etag"]!;
};
