import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { base64url, exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { describe, expect, test } from "vitest";
import type { TrustedIssuer } from "../../functions/config.ts";
import { tokenVerifier } from "../../functions/tokens.ts";
import { Refusal } from "../../shared/errors.ts";
import { anHttpEdge, audience, issuer, jwksUriOf } from "../support/http-edge.ts";

const pairs = {
  EdDSA: await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true }),
  ES256: await generateKeyPair("ES256", { extractable: true }),
  RS256: await generateKeyPair("RS256", { extractable: true }),
};
type Algorithm = keyof typeof pairs;
const other = await generateKeyPair("EdDSA", { crv: "Ed25519" });
const keys = await Promise.all(
  Object.entries(pairs).map(async ([alg, { publicKey }]) =>
    Object.assign(await exportJWK(publicKey), { kid: alg, alg }),
  ),
);
const seconds = (): number => Math.floor(Date.now() / 1000);

const trust = (over: Partial<TrustedIssuer> = {}): TrustedIssuer => ({
  issuer,
  audience,
  jwksUri: jwksUriOf(keys),
  algorithms: ["EdDSA", "ES256", "RS256"],
  ...over,
});

const claims = { iss: issuer, aud: audience, sub: "user-1", name: "A Clinician", role: "clinician" };
interface SignedWith {
  readonly alg?: Algorithm;
  readonly kid?: string;
  readonly key?: CryptoKey;
}
const aToken = (over: object = {}, { alg = "EdDSA", kid = alg, key = pairs[alg].privateKey }: SignedWith = {}) =>
  new SignJWT({ ...claims, exp: seconds() + 600, ...over }).setProtectedHeader({ alg, kid }).sign(key);

const codeOf = async (verifying: Promise<unknown>): Promise<string> => {
  try {
    await verifying;
    return "verified";
  } catch (cause) {
    return cause instanceof Refusal ? cause.code : `threw ${String(cause)}`;
  }
};
const verify = async (token: string | Promise<string>, over: Partial<TrustedIssuer> = {}): Promise<string> =>
  codeOf(tokenVerifier([trust(over)], Date.now).verify(await token));

describe("a token", () => {
  test.for(["EdDSA", "ES256", "RS256"] as const)("signed with %s is verified", async (alg) => {
    const caller = await tokenVerifier([trust()], Date.now).verify(await aToken({ scope: "record:read" }, { alg }));
    expect(caller).toMatchObject({ issuer, subject: "user-1", name: "A Clinician", role: "clinician", patients: null });
    expect([...caller.scopes]).toEqual(["record:read"]);
  });

  const unsigned = `${base64url.encode('{"alg":"none"}')}.${base64url.encode(JSON.stringify({ ...claims, exp: seconds() + 600 }))}.`;
  const withPublicKey = async () =>
    new SignJWT({ ...claims, exp: seconds() + 600 })
      .setProtectedHeader({ alg: "HS256", kid: "RS256" })
      .sign(new TextEncoder().encode(await exportSPKI(pairs.RS256.publicKey)));
  const tampered = async () => {
    const [head, , signature] = (await aToken()).split(".");
    return `${head}.${base64url.encode(JSON.stringify({ ...claims, sub: "root", exp: seconds() + 600 }))}.${signature}`;
  };

  const rows: readonly (readonly [string, () => string | Promise<string>])[] = [
    ["without a signature (alg none)", () => unsigned],
    ["signed HS256 with the public key", withPublicKey],
    ["whose payload was changed", tampered],
    ["of another key with our key id", () => aToken({}, { key: other.privateKey })],
    ["with an unknown key id", () => aToken({}, { kid: "other" })],
    ["of an issuer that is not trusted", () => aToken({ iss: "https://evil.test" })],
    ["of an issuer with a slash more", () => aToken({ iss: `${issuer}/` })],
    ["without an issuer", () => aToken({ iss: undefined })],
    ["for another audience", () => aToken({ aud: "other" })],
    ["without an audience", () => aToken({ aud: undefined })],
    ["that has expired", () => aToken({ exp: seconds() - 31 })],
    ["without an expiry", () => aToken({ exp: undefined })],
    ["that is not valid yet", () => aToken({ nbf: seconds() + 60 })],
    ["without a subject", () => aToken({ sub: undefined })],
    ["with an empty subject", () => aToken({ sub: "" })],
    ["with a subject that is no text", () => aToken({ sub: 1 })],
    ["with a subject of 256 characters", () => aToken({ sub: "s".repeat(256) })],
    ["whose patients claim is no list", () => aToken({ patients: "all" })],
    ["whose patients claim is null", () => aToken({ patients: null })],
    ["whose patients claim lists what is no text", () => aToken({ patients: [1] })],
    ["whose scope is no text", () => aToken({ scope: ["record:read"] })],
    ["that is no JWT", () => "abc"],
    ["that is too long", async () => aToken({ name: "n".repeat(10_000) })],
  ];
  test.for(rows)("%s is refused", async ([, make]) => {
    expect(await verify(make())).toBe("unauthenticated");
  });

  test("is good for 30 s after it expired, and 30 s before it is valid", async () => {
    expect(await verify(aToken({ exp: seconds() - 25 }))).toBe("verified");
    expect(await verify(aToken({ nbf: seconds() + 25 }))).toBe("verified");
  });

  test("signed with an algorithm that its issuer does not use is refused", async () => {
    expect(await verify(aToken({}, { alg: "RS256" }), { algorithms: ["EdDSA"] })).toBe("unauthenticated");
  });

  test("takes its scopes from its role only where it carries no scope claim", async () => {
    const verifier = tokenVerifier([trust()], Date.now);
    const scopesOf = async (over: object) => [...(await verifier.verify(await aToken(over))).scopes];
    expect(await scopesOf({})).toEqual(["record:read", "record:write"]);
    expect(await scopesOf({ scope: "" })).toEqual([]);
    expect(await scopesOf({ role: "constructor" })).toEqual([]);
    expect(await scopesOf({ role: "operator" })).toContain("ops:redrive");
  });

  test.for([
    ["clinician", "record:read record:write"],
    ["reader", "record:read"],
    ["registrar", "record:read registration:validate registration:register registration:correct"],
    ["declarant", "registration:declare"],
    ["operator", "operation:read ops:read ops:redrive"],
    ["auditor", "record:read operation:read audit:read"],
  ] as const)("of the role %s without a scope claim has %s, and no more", async ([role, expected]) => {
    const { scopes } = await tokenVerifier([trust()], Date.now).verify(await aToken({ role }));
    expect([...scopes].join(" ")).toBe(expected);
  });

  test("that was verified is remembered until it expires, not longer", async () => {
    let ms = Date.now();
    const verifier = tokenVerifier([trust()], () => ms);
    const token = await aToken({ exp: Math.floor(ms / 1_000) + 60 });
    const caller = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(caller);
    ms += 89_000;
    expect(await verifier.verify(token)).toBe(caller);
    ms += 2_000;
    expect(await codeOf(verifier.verify(token))).toBe("unauthenticated");
  });
});

test("a token that differs in one character from one that was verified is verified itself", async () => {
  const verifier = tokenVerifier([trust()], Date.now);
  const token = await aToken();
  await verifier.verify(token);
  const middle = token.lastIndexOf(".") + 20;
  for (const at of [middle, token.indexOf(".") + 20]) {
    const character = token[at] === "A" ? "B" : "A";
    const altered = token.slice(0, at) + character + token.slice(at + 1);
    expect(await codeOf(verifier.verify(altered))).toBe("unauthenticated");
  }
});

describe("an issuer's keys", () => {
  test("that cannot be fetched make the answer 503, and are fetched once they can", async () => {
    let isDown = true;
    const server = createServer((_req, res) => {
      res.writeHead(isDown ? 500 : 200, { "content-type": "application/json" }).end(JSON.stringify({ keys }));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const verifier = tokenVerifier([trust({ jwksUri })], Date.now);
    expect(await codeOf(verifier.verify(await aToken()))).toBe("unavailable");
    isDown = false;
    expect(await codeOf(verifier.verify(await aToken()))).toBe("verified");
    server.close();
  });

  test("that nobody serves make the answer 503", async () => {
    expect(await verify(aToken(), { jwksUri: "http://127.0.0.1:1/jwks" })).toBe("unavailable");
  });

  test("that are no key set make the answer 503", async () => {
    expect(await verify(aToken(), { jwksUri: "data:application/json,{}" })).toBe("unavailable");
  });
});

describe("a request", () => {
  test("without a token is told the scheme, one with a bad token also the error", async () => {
    await using edge = await anHttpEdge();
    const missing = await edge.call("GET", "/v1/patients", { token: null });
    expect(missing).toMatchObject({ status: 401, headers: { "www-authenticate": 'Bearer realm="casenotes"' } });
    const bad = await edge.call("GET", "/v1/patients", { token: "abc" });
    expect(bad.status).toBe(401);
    expect(bad.headers["www-authenticate"]).toContain('error="invalid_token"');
    const scheme = await edge.call("GET", "/v1/patients", { token: null, headers: { authorization: "Basic eDp5" } });
    expect(scheme.status).toBe(401);
  });

  test("while the issuer cannot be asked is told when to come back", async () => {
    const down = { issuer, audience, jwksUri: "http://127.0.0.1:1/jwks", algorithms: ["EdDSA"] } as const;
    await using edge = await anHttpEdge({ issuers: [down] });
    expect(await edge.call("GET", "/v1/patients")).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });
});
