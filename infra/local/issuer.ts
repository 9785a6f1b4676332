import { randomUUID } from "node:crypto";
import type { JWK, JWTPayload } from "jose";
import { readIfThere, readOrCreate } from "./data-folder.ts";
import { join } from "node:path";

/** The audience of tokens for this service. */
export const localAudience = "casenotes";

const fileName = "issuer.json";

/** The data folder's own token issuer. */
export interface LocalIssuer {
  /** Does not depend on host or port, so that tokens outlive a move. */
  readonly name: string;
  /** Public keys, for `/.well-known/jwks.json`. */
  readonly jwks: { readonly keys: readonly JWK[] };
  mintToken(claims: TokenClaims): Promise<string>;
}

export interface TokenClaims {
  readonly subject: string;
  readonly name: string;
  readonly role: string;
  /** Separated by spaces. */
  readonly scope: string;
  readonly minutes: number;
  /** Restricts the token to these patients. */
  readonly patients?: readonly string[];
  readonly audience?: string;
}

/** Opens the issuer of a data folder, making its key pair (EdDSA) and name on first use. */
export const openIssuer = async (folder: string): Promise<LocalIssuer> =>
  issuerOf(await readOrCreate(folder, fileName, newIssuer));

/** Opens the issuer of a data folder that has one; undefined otherwise. */
export const findIssuer = async (folder: string): Promise<LocalIssuer | undefined> => {
  const text = await readIfThere(join(folder, fileName));
  return text === undefined ? undefined : issuerOf(text);
};

/** Loaded where it is used: a worker opens the issuer, with the rest of its folder's identity, and asks nothing of it. */
const jose = () => import("jose");

const newIssuer = async (): Promise<string> => {
  const { exportJWK, generateKeyPair } = await jose();
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: "EdDSA", use: "sig" };
  return `${JSON.stringify({ name: `urn:casenotes:issuer:${randomUUID()}`, key })}\n`;
};

const issuerOf = (text: string): LocalIssuer => {
  const { name, key }: { name: string; key: JWK & { kid: string } } = JSON.parse(text);
  const { d: _secret, ...publicKey } = key;
  return {
    name,
    jwks: { keys: [publicKey] },
    mintToken: async ({ subject, name: displayName, role, scope, minutes, patients, audience = localAudience }) => {
      const { importJWK, SignJWT } = await jose();
      const claims: JWTPayload = { name: displayName, role, scope };
      if (patients !== undefined) claims["patients"] = patients;
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: "JWT" })
        .setIssuer(name)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${minutes}m`)
        .sign(await importJWK(key, "EdDSA"));
    },
  };
};
