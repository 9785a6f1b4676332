import { hash } from "node:crypto";
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { Refusal } from "../shared/errors.ts";
import type { TrustedIssuer } from "./config.ts";
import type { TokenVerifier, VerifiedCaller } from "./dependencies.ts";
import { scopesOf } from "./roles.ts";

const clockSkewS = 30;
/** Longest token, characters: a header field of 16 KiB holds no more anyway. */
const maxLength = 8 * 1024;
const remembered = 10_000;
const longest = { subject: 255, name: 200, role: 64, patients: 10_000 };

interface Remembered {
  readonly caller: VerifiedCaller;
  /** Milliseconds since the epoch, skew included. */
  readonly until: number;
}

interface Trust {
  readonly issuer: TrustedIssuer;
  readonly keys: JWTVerifyGetKey;
}

const invalid = (detail: string, cause?: unknown): Refusal => new Refusal("unauthenticated", detail, {}, { cause });

/**
 * Verifies bearer tokens (RFC 9068 in spirit): exact issuer and audience, the issuer's algorithms only, `exp` required,
 * 30 s of skew. A verified token is remembered by its SHA-256 until it expires, 10,000 of them at most.
 */
export const tokenVerifier = (issuers: readonly TrustedIssuer[], now: () => number): TokenVerifier => {
  const trusted = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: keysOf(issuer) }]));
  const known = new Map<string, Remembered>();
  return {
    verify: async (token) => {
      if (token.length > maxLength) throw invalid("The token is too long.");
      const digest = hash("sha256", token, "base64");
      const before = known.get(digest);
      if (before !== undefined) {
        if (now() < before.until) return before.caller;
        known.delete(digest);
      }
      const fresh = await verified(token, trusted, now());
      remember(known, digest, fresh);
      return fresh.caller;
    },
  };
};

/** The oldest goes first; an active caller's token comes back with its next request. */
const remember = (known: Map<string, Remembered>, digest: string, fresh: Remembered): void => {
  if (known.size >= remembered) {
    for (const oldest of known.keys()) {
      known.delete(oldest);
      break;
    }
  }
  known.set(digest, fresh);
};

/** Keys by `kid` from the issuer's JWKS. Throws Refusal unavailable when the issuer cannot be asked. */
const keysOf = ({ jwksUri }: TrustedIssuer): JWTVerifyGetKey => {
  const remote = createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: 3_000, cooldownDuration: 5_000 });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (cause) {
      if (isAboutTheToken(cause)) throw cause;
      throw new Refusal("unavailable", "The keys of the token's issuer cannot be read now.", {}, { cause });
    }
  };
};

const isAboutTheToken = (cause: unknown): boolean =>
  cause instanceof errors.JWKSNoMatchingKey ||
  cause instanceof errors.JWKSMultipleMatchingKeys ||
  cause instanceof errors.JOSENotSupported;

const verified = async (token: string, trusted: ReadonlyMap<string, Trust>, now: number): Promise<Remembered> => {
  const trust = trusted.get(issuerOf(token));
  if (trust === undefined) throw invalid("The token's issuer is not trusted here.");
  try {
    const { payload } = await jwtVerify(token, trust.keys, {
      issuer: trust.issuer.issuer,
      audience: trust.issuer.audience,
      algorithms: [...trust.issuer.algorithms],
      clockTolerance: clockSkewS,
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now),
    });
    return { caller: callerOf(payload, trust.issuer.issuer), until: ((payload.exp ?? 0) + clockSkewS) * 1_000 };
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw invalid(reasonOf(cause), cause);
    throw cause;
  }
};

const issuerOf = (token: string): string => {
  try {
    return decodeJwt(token).iss ?? "";
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw invalid("The bearer token is not a JWT.", cause);
    throw cause;
  }
};

/** Says what is wrong without quoting the token. */
const reasonOf = (cause: errors.JOSEError): string => {
  if (cause instanceof errors.JWTExpired) return "The token has expired.";
  if (cause instanceof errors.JWTClaimValidationFailed) return `The token's claim ${cause.claim} is not acceptable.`;
  if (cause instanceof errors.JOSEAlgNotAllowed) return "The token's algorithm is not acceptable.";
  return "The token's signature cannot be verified.";
};

const callerOf = (payload: JWTPayload, issuer: string): VerifiedCaller => {
  const { sub: subject = "", name, role, scope, patients } = payload;
  // jose requires the claim, but takes any JSON for it.
  if (typeof subject !== "string" || subject === "" || subject.length > longest.subject)
    throw invalid("The token's claim sub is not acceptable.");
  if (scope !== undefined && typeof scope !== "string") throw invalid("The token's claim scope is not acceptable.");
  const roleName = textOf(role, longest.role);
  return {
    issuer,
    subject: subject.toWellFormed(),
    name: textOf(name, longest.name) || subject.toWellFormed(),
    role: roleName,
    scopes: scopesOf(scope, roleName),
    patients: patients === undefined ? null : patientsOf(patients),
  };
};

const textOf = (claim: unknown, length: number): string =>
  typeof claim === "string" ? claim.slice(0, length).toWellFormed() : "";

/** A claim that restricts must never be misread as none. */
const patientsOf = (claim: unknown): ReadonlySet<string> => {
  if (Array.isArray(claim) && claim.length <= longest.patients && claim.every((id) => typeof id === "string"))
    return new Set(claim);
  throw invalid("The token's claim patients is not acceptable.");
};
