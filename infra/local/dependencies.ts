import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { writePathDefaults, type Config } from "../../functions/config.ts";
import type { Dependencies, TokenVerifier } from "../../functions/dependencies.ts";
import { readRecords } from "../../functions/read-records.ts";
import type { tokenVerifier } from "../../functions/tokens.ts";
import type { LocalHints } from "./hints.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { localAudience, type LocalIssuer } from "./issuer.ts";
import type { Member } from "./member.ts";
import { armedFaults, openEngine } from "./open-engine.ts";
import type { Settings } from "./settings.ts";

export interface ComposeOptions {
  readonly settings: Settings;
  readonly hints: LocalHints;
  readonly member: Member;
  /** Public base URL, without a trailing slash. */
  readonly baseUrl: string;
  /** For a process that callers reach: another need not load what verifying takes. */
  readonly verifier?: typeof tokenVerifier;
}

/** Memory of one process for records it has read, bytes. */
const cacheBytes = 8 * 1024 * 1024;

/** Composes the functions' dependencies on this machine: the embedded engine, the local issuer, hints between processes. */
export const composeDependencies = async (options: ComposeOptions): Promise<Dependencies & { identity: Identity }> => {
  const { settings, hints, member, baseUrl, verifier } = options;
  const faults = armedFaults(settings.fault, member.flushLog);
  const identity = await openIdentity(settings.data);
  const engine = await openEngine(settings, faults);
  const config: Config = {
    ...writePathDefaults,
    version: readVersion(),
    baseUrl,
    issuers: [trustIn(identity.issuer)],
  };
  return {
    config,
    engine,
    records: readRecords({ engine, cacheBytes }),
    hints,
    tokens: verifier?.(config.issuers, Date.now) ?? noTokens,
    signer: identity.signer,
    log: member.log,
    now: Date.now,
    newId: randomUUID,
    random: Math.random,
    reach: faults.reach,
    identity,
  };
};

const noTokens: TokenVerifier = {
  verify: async () => {
    throw new Error("this process takes no tokens");
  },
};

/** The key set is given in the URI itself: no request to ourselves, whatever the port, proxy or certificate. */
const trustIn = ({ name, jwks }: LocalIssuer): Config["issuers"][number] => ({
  issuer: name,
  audience: localAudience,
  jwksUri: `data:application/json;base64,${Buffer.from(JSON.stringify(jwks)).toString("base64")}`,
  algorithms: ["EdDSA"],
});

const readVersion = (): string => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return version;
};
