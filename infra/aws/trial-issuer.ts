import { resolve } from "node:path";
import type { TrustedIssuer } from "../../functions/config.ts";
import { makeDataFolder } from "../local/data-folder.ts";
import { localAudience, openIssuer } from "../local/issuer.ts";

/**
 * The issuer of a data folder, made on first use, as a deployment can trust it: its public keys are in the setting itself,
 * as a data: URL, since nothing serves them.
 */
export const trialIssuer = async (folder: string): Promise<TrustedIssuer> => {
  const data = resolve(folder);
  await makeDataFolder(data);
  const { name, jwks } = await openIssuer(data);
  const keys = Buffer.from(JSON.stringify(jwks)).toString("base64");
  return {
    issuer: name,
    audience: localAudience,
    jwksUri: `data:application/json;base64,${keys}`,
    algorithms: ["EdDSA"],
  };
};
