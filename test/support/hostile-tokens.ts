import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** A key pair of an issuer, as its JWKS shows it and as a forger may use it. */
export interface TestKey {
  readonly kid: string;
  readonly alg: "RS256" | "ES256" | "EdDSA";
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

const pairOf = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
} as const;

export const aTestKey = (alg: TestKey["alg"], kid: string): TestKey => {
  const { privateKey, publicKey } = pairOf[alg]();
  return { kid, alg, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
};

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

type Signer = (input: string) => string;

/** Signs as the key's own algorithm does. */
export const signedBy =
  ({ alg, privateKey }: TestKey): Signer =>
  (input) => {
    const bytes = Buffer.from(input);
    if (alg === "EdDSA") return sign(null, bytes, privateKey).toString("base64url");
    return sign(
      "sha256",
      bytes,
      alg === "ES256" ? { key: privateKey, dsaEncoding: "ieee-p1363" } : privateKey,
    ).toString("base64url");
  };

/** HMAC with whatever bytes a forger takes for the secret. */
export const hmacOf =
  (secret: string | Uint8Array): Signer =>
  (input) =>
    createHmac("sha256", secret).update(input).digest("base64url");

/** A token of any header and claims: objects, or JSON texts that no library would write. */
export const aForgedToken = (header: unknown, claims: unknown, signer: Signer): string => {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${signer(input)}`;
};
