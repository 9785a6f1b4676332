import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aForgedToken, aTestKey, hmacOf, signedBy, type TestKey } from "../support/hostile-tokens.ts";
import { anHttpEdge, audience, aPatient, issuer, jwksUriOf, type HttpEdge } from "../support/http-edge.ts";

const rsa = aTestKey("RS256", "rsa");
const ec = aTestKey("ES256", "ec");
const ed = aTestKey("EdDSA", "ed");
const stranger = aTestKey("EdDSA", "ed");
const strangersRsa = aTestKey("RS256", "rsa");
/** A second issuer that is trusted here too: what one signs must not pass as the other's. */
const secondIssuer = "https://second.test";
const second = aTestKey("EdDSA", "second");

let edge: HttpEdge;
let patient: string;
let fetched = 0;
const tempting = createServer((_request, response) => {
  fetched += 1;
  response.end(JSON.stringify({ keys: [stranger.jwk] }));
});
let url: string;
beforeAll(async () => {
  await once(tempting.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${(tempting.address() as AddressInfo).port}/jwks`;
  const algorithms = ["EdDSA", "ES256", "RS256"] as const;
  edge = await anHttpEdge({
    issuers: [
      { issuer, audience, jwksUri: jwksUriOf([rsa.jwk, ec.jwk, ed.jwk]), algorithms },
      { issuer: secondIssuer, audience, jwksUri: jwksUriOf([second.jwk]), algorithms: ["EdDSA"] },
    ],
  });
  patient = await aPatient(edgeWith(genuine()));
});
afterAll(async () => {
  tempting.close();
  await edge[Symbol.asyncDispose]();
});

const seconds = (): number => Math.floor(Date.now() / 1_000);
const claims = (over: object = {}) => ({
  iss: issuer,
  aud: audience,
  sub: "user-1",
  name: "A Clinician",
  role: "clinician",
  scope: "record:read record:write operation:read",
  exp: seconds() + 600,
  ...over,
});
const headerOf = ({ alg, kid }: TestKey, over: object = {}) => ({ alg, kid, typ: "JWT", ...over });
const genuine = (key: TestKey = ed, over: object = {}): string =>
  aForgedToken(headerOf(key), claims(over), signedBy(key));
/** The header changed, signed well by the key that it began with. */
const headed = (key: TestKey, over: object): string => aForgedToken(headerOf(key, over), claims(), signedBy(key));
const pem = ({ publicKey }: TestKey): string => publicKey.export({ type: "spki", format: "pem" }).toString();
const raw = ({ jwk }: TestKey): Buffer => Buffer.from(String(jwk["x"] ?? jwk["n"]), "base64url");
const hmac = (kid: string | undefined, secret: string | Uint8Array, alg = "HS256"): string =>
  aForgedToken({ alg, kid, typ: "JWT" }, claims(), hmacOf(secret));
const edgeWith = (token: string): HttpEdge => ({
  ...edge,
  call: (method, path, call) => edge.call(method, path, { token, ...call }),
});
const cut = (token: string, change: (parts: string[]) => readonly string[]): string =>
  change(token.split(".")).join(".");
const none = () => "";

type Row = readonly [title: string, token: () => string];

const algorithms: readonly Row[] = [
  ["alg none without a signature", () => aForgedToken({ alg: "none", typ: "JWT" }, claims(), none)],
  ["alg none with our key id", () => aForgedToken({ alg: "none", kid: "ed" }, claims(), none)],
  ["alg None", () => aForgedToken({ alg: "None", kid: "ed" }, claims(), none)],
  ["alg nOnE and a genuine signature", () => headed(ed, { alg: "nOnE" })],
  ["alg none and no last dot", () => aForgedToken({ alg: "none" }, claims(), none).slice(0, -1)],
  ["no alg", () => headed(ed, { alg: undefined })],
  ["alg null", () => headed(ed, { alg: null })],
  ["alg as a list", () => headed(ed, { alg: ["EdDSA"] })],
  ["an unknown alg", () => headed(ed, { alg: "XX999" })],
  ["alg in lower case", () => headed(ed, { alg: "eddsa" })],
  ["HS256 with the RSA public key's PEM", () => hmac("rsa", pem(rsa))],
  ["HS256 with the EC public key's PEM", () => hmac("ec", pem(ec))],
  ["HS256 with the Ed25519 public key's PEM", () => hmac("ed", pem(ed))],
  ["HS256 with the public key's PEM and no newline", () => hmac("rsa", pem(rsa).trim())],
  ["HS256 with the public key's bytes", () => hmac("ed", raw(ed))],
  ["HS256 with the modulus", () => hmac("rsa", raw(rsa))],
  ["HS256 with the JWK's text", () => hmac("ed", JSON.stringify(ed.jwk))],
  ["HS256 with an empty secret", () => hmac("ed", "")],
  ["HS256 without a key id", () => hmac(undefined, pem(rsa))],
  ["HS512 by name with the public key", () => hmac("rsa", pem(rsa), "HS512")],
  ["RS256 by name, HMAC in truth", () => hmac("rsa", pem(rsa), "RS256")],
  ["an RSA signature called ES256", () => headed(rsa, { alg: "ES256" })],
  ["an EC signature called RS256", () => headed(ec, { alg: "RS256" })],
  ["an Ed25519 signature called ES256", () => headed(ed, { alg: "ES256" })],
  ["an RSA signature called PS256", () => headed(rsa, { alg: "PS256" })],
  ["an RSA signature called RS384", () => headed(rsa, { alg: "RS384" })],
  [
    "an ES256 signature of zeros",
    () => aForgedToken(headerOf(ec), claims(), () => Buffer.alloc(64).toString("base64url")),
  ],
  ["an ES256 signature in DER", () => aForgedToken(headerOf(ec), claims(), signedBy({ ...ec, alg: "RS256" }))],
];

const keys: readonly Row[] = [
  ["an unknown key id", () => headed(ed, { kid: "unknown" })],
  ["the key id of another of our keys", () => headed(ed, { kid: "ec" })],
  ["the key id of another issuer's key", () => headed(ed, { kid: "second" })],
  ["a key id that is a path", () => headed(ed, { kid: "../../../dev/null" })],
  ["a key id that is a query", () => headed(ed, { kid: "ed' OR '1'='1" })],
  ["a key id that is a number", () => headed(ed, { kid: 1 })],
  ["a key id that is an object", () => headed(ed, { kid: {} })],
  ["a stranger's key with our key id", () => genuine(stranger)],
  ["a stranger's RSA key with our key id", () => genuine(strangersRsa)],
  [
    "a stranger's key in jwk",
    () => aForgedToken(headerOf(stranger, { jwk: stranger.jwk }), claims(), signedBy(stranger)),
  ],
  ["a stranger's key behind jku", () => aForgedToken(headerOf(stranger, { jku: url }), claims(), signedBy(stranger))],
  ["a stranger's key behind x5u", () => aForgedToken(headerOf(stranger, { x5u: url }), claims(), signedBy(stranger))],
  [
    "a stranger's key in x5c",
    () => aForgedToken(headerOf(stranger, { x5c: [pem(stranger)] }), claims(), signedBy(stranger)),
  ],
  [
    "a stranger's key behind our issuer's name as URL",
    () => aForgedToken(headerOf(stranger), claims({ iss: url }), signedBy(stranger)),
  ],
  ["a crit field that nobody knows", () => headed(ed, { crit: ["exp"], exp: 1 })],
  ["a crit field that names b64", () => headed(ed, { crit: ["b64"], b64: false })],
  ["an empty crit", () => headed(ed, { crit: [] })],
  ["another trusted issuer's signature", () => aForgedToken(headerOf(second), claims(), signedBy(second))],
  ["our signature in another trusted issuer's name", () => genuine(ed, { iss: secondIssuer })],
];

// Times are taken when a token is made: what begins in a minute is soon no longer in the future.
const wrong: readonly (readonly [title: string, over: object | (() => object)])[] = [
  ["a wrong issuer", { iss: "https://evil.test" }],
  ["an issuer with a slash more", { iss: `${issuer}/` }],
  ["an issuer in capitals", { iss: issuer.toUpperCase() }],
  ["no issuer", { iss: undefined }],
  ["a list of issuers", { iss: [issuer] }],
  ["a wrong audience", { aud: "other" }],
  ["an audience that begins like ours", { aud: `${audience}.evil.test` }],
  ["an audience list without ours", { aud: ["a", "b"] }],
  ["an empty audience list", { aud: [] }],
  ["no audience", { aud: undefined }],
  ["an audience object", { aud: { casenotes: true } }],
  ["an expiry in the past", () => ({ exp: seconds() - 31 })],
  ["an expiry long past", { exp: 0 }],
  ["a negative expiry", { exp: -1 }],
  ["no expiry", { exp: undefined }],
  ["an expiry that is text", () => ({ exp: String(seconds() + 600) })],
  ["an expiry that is null", { exp: null }],
  ["an expiry that is a list", () => ({ exp: [seconds() + 600] })],
  ["a beginning in the future", () => ({ nbf: seconds() + 60 })],
  ["a beginning that is text", { nbf: "now" }],
  ["no subject", { sub: undefined }],
  ["an empty subject", { sub: "" }],
  ["a subject that is a number", { sub: 1 }],
  ["a subject that is an object", { sub: { toString: "root" } }],
  ["a subject that is a list", { sub: ["user-1"] }],
  ["a subject that is too long", { sub: "s".repeat(256) }],
  ["a scope that is a list", { scope: ["record:write"] }],
  ["patients that are no list", { patients: "all" }],
  ["patients that are null", { patients: null }],
  ["patients that are numbers", { patients: [1] }],
  ["patients in an object", { patients: { length: 0 } }],
  ["a huge name", { name: "n".repeat(9_000) }],
];

const shapes: readonly Row[] = [
  ["two segments", () => cut(genuine(), (parts) => parts.slice(0, 2))],
  ["four segments", () => `${genuine()}.x`],
  ["five segments, as encrypted ones have", () => `${genuine()}.x.y`],
  ["an empty header", () => cut(genuine(), ([, ...rest]) => ["", ...rest])],
  ["an empty payload", () => cut(genuine(), ([head = "", , tail = ""]) => [head, "", tail])],
  ["an empty signature", () => cut(genuine(), ([head = "", body = ""]) => [head, body, ""])],
  ["a signature cut short", () => genuine().slice(0, -4)],
  ["a signature with more behind it", () => `${genuine()}AAAA`],
  ["a header that is no JSON", () => aForgedToken("{", claims(), signedBy(ed))],
  ["a header that is a list", () => aForgedToken([], claims(), signedBy(ed))],
  ["a header that is null", () => aForgedToken("null", claims(), signedBy(ed))],
  ["claims that are no JSON", () => aForgedToken(headerOf(ed), "claims", signedBy(ed))],
  ["claims that are a list", () => aForgedToken(headerOf(ed), [claims()], signedBy(ed))],
  ["claims that are text", () => aForgedToken(headerOf(ed), '"x"', signedBy(ed))],
  ["claims of bytes that are no UTF-8", () => cut(genuine(), ([head = "", , tail = ""]) => [head, "_-8", tail])],
  ["claims nested 3,000 levels", () => aForgedToken(headerOf(ed), "[".repeat(3_000), signedBy(ed))],
  ["claims under __proto__", () => aForgedToken(headerOf(ed), `{"__proto__":${JSON.stringify(claims())}}`, signedBy(ed))],
  ["a header under __proto__", () => aForgedToken(`{"__proto__":${JSON.stringify(headerOf(ed))}}`, claims(), signedBy(ed))],
  ["another payload under a genuine signature", () => cut(genuine(), ([head = "", , tail = ""]) => [head, Buffer.from(JSON.stringify(claims({ sub: "root" }))).toString("base64url"), tail])],
  ["segments in base64 with padding", () => cut(genuine(), (parts) => parts.map((part) => `${part}==`))],
  ["200 KB", () => genuine(ed, { pad: "x".repeat(150_000) })],
  ["nothing but dots", () => ".."],
  ["one letter", () => "x"],
]; // prettier-ignore

/** What a write with this Authorization came to. */
const outcomeOf = async (authorization: string) => {
  const before = edge.written();
  const file = `/v1/patients/${patient}/files/notes/x.md`;
  const headers = { authorization, "content-type": "text/plain", "if-none-match": "*" };
  const { status, json, headers: answered } = await edge.call("PUT", file, { token: null, headers, body: "x" });
  const challenge = answered["www-authenticate"]?.split(" ")[0];
  return { status, code: json.code, challenge, stored: edge.written() - before, fetched };
};

const refused = { status: 401, code: "unauthenticated", challenge: "Bearer", stored: 0, fetched: 0 };

test("genuine tokens of each algorithm are taken: the table below fails for its own reasons", async () => {
  for (const key of [rsa, ec, ed])
    expect((await edge.call("GET", `/v1/patients/${patient}`, { token: genuine(key) })).status).toBe(200);
  const ofSecond = aForgedToken(headerOf(second), claims({ iss: secondIssuer }), signedBy(second));
  expect((await edge.call("GET", `/v1/patients/${patient}`, { token: ofSecond })).status).toBe(200);
  expect(
    (await edge.call("GET", `/v1/patients/${patient}`, { token: genuine(ed, { aud: ["x", audience] }) })).status,
  ).toBe(200);
});

describe("is 401, stores nothing and fetches nothing: a token", () => {
  test.for(algorithms)("of %s", async ([, token]) => {
    expect(await outcomeOf(`Bearer ${token()}`)).toEqual(refused);
  });
  test.for(keys)("of %s", async ([, token]) => {
    expect(await outcomeOf(`Bearer ${token()}`)).toEqual(refused);
  });
  test.for(wrong)("with %s", async ([, over]) => {
    const changed = typeof over === "function" ? over() : over;
    expect(await outcomeOf(`Bearer ${genuine(ed, changed)}`)).toEqual(refused);
  });
  test.for(shapes)("of %s", async ([, token]) => {
    expect(await outcomeOf(`Bearer ${token()}`)).toEqual(refused);
  });
});

describe("is 401: an Authorization field", () => {
  test.for<readonly [string, (token: string) => string]>([
    ["twice the same, as it comes joined", (token) => `Bearer ${token}, Bearer ${token}`],
    ["of a genuine token and another", (token) => `Bearer ${token}, Bearer x.y.z`],
    ["of another token and a genuine one", (token) => `Bearer x.y.z, Bearer ${token}`],
    ["of a genuine token and Basic", (token) => `Bearer ${token}, Basic eDp5`],
    ["without the scheme", (token) => token],
    ["of another scheme", (token) => `Token ${token}`],
    ["Basic, which git alone takes", (token) => `Basic ${Buffer.from(`x:${token}`).toString("base64")}`],
    ["in quotes", (token) => `Bearer "${token}"`],
    ["with words behind the token", (token) => `Bearer ${token} x`],
    ["with a line break inside", (token) => `Bearer ${token.slice(0, 20)}\n ${token.slice(20)}`],
    ["that is empty", () => ""],
    ["of the scheme alone", () => "Bearer"],
  ])("%s", async ([, field]) => {
    expect(await outcomeOf(field(genuine()))).toEqual(refused);
  });
});

test("a role or scope named like a property of every object gives no scope", async () => {
  for (const role of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const token = genuine(ed, { role, scope: undefined });
    expect(await edge.call("GET", "/v1/patients", { token })).toMatchObject({ status: 403 });
  }
  const token = genuine(ed, { scope: "__proto__ constructor *" });
  expect(await edge.call("GET", "/v1/patients", { token })).toMatchObject({ status: 403 });
});
