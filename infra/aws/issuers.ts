import type { TrustedIssuer } from "../../functions/config.ts";

const algorithms = ["RS256", "ES256", "EdDSA"] as const;

const wanted =
  'CASENOTES_ISSUERS must be a JSON list of {"issuer","audience","jwksUri","algorithms"} with at least one entry; ' +
  `jwksUri is an https URL, or a data: URL of the keys, algorithms are of ${algorithms.join(", ")}.`;

/** Reads the trusted issuers; what is wrong is added to `problems`, without quoting it. */
export const readIssuers = (text: string, problems: string[]): readonly TrustedIssuer[] => {
  if (text === "") return [];
  const found = parsed(text);
  const issuers = Array.isArray(found) ? found.map(issuerOf) : [];
  if (issuers.length > 0 && issuers.every((issuer) => issuer !== undefined)) return issuers;
  problems.push(wanted);
  return [];
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
};

const issuerOf = (value: unknown): TrustedIssuer | undefined => {
  if (typeof value !== "object" || value === null) return undefined;
  const { issuer, audience, jwksUri, algorithms: named }: Record<string, unknown> = { ...value };
  if (!isText(issuer) || !isText(audience) || !isText(jwksUri) || !isKeySetUrl(jwksUri)) return undefined;
  if (!Array.isArray(named) || named.length === 0) return undefined;
  const known = named.map((name) => algorithms.find((algorithm) => algorithm === name));
  if (!known.every((algorithm) => algorithm !== undefined)) return undefined;
  return { issuer, audience, jwksUri, algorithms: known };
};

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Keys come over TLS, or from this machine, or are the setting itself (RFC 2397). */
const isKeySetUrl = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null) return false;
  const isOwnMachine = url.protocol === "http:" && url.hostname === "127.0.0.1";
  return url.protocol === "https:" || isOwnMachine || text.startsWith("data:application/json;base64,");
};
