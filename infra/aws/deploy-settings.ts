import { readIssuers } from "./issuers.ts";
import type { DeploySettings } from "./stages.ts";

/** Reads what an operator says of an installation from the environment. Throws an Error that names every problem. */
export const readDeploySettings = (environment: Readonly<Record<string, string | undefined>>): DeploySettings => {
  const problems: string[] = [];
  const text = environment["CASENOTES_ISSUERS"] ?? "";
  if (text === "")
    problems.push("CASENOTES_ISSUERS is missing: whose tokens are taken? docs/deploy.md has an example.");
  const issuers = readIssuers(text, problems);
  const alarmEmail = environment["CASENOTES_ALARM_EMAIL"] || undefined;
  if (alarmEmail !== undefined && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail))
    problems.push("CASENOTES_ALARM_EMAIL must be an e-mail address.");
  const baseUrl = environment["CASENOTES_BASE_URL"] || undefined;
  if (baseUrl !== undefined && URL.parse(baseUrl)?.protocol !== "https:")
    problems.push("CASENOTES_BASE_URL must be an https URL.");
  if (problems.length > 0) throw new DeploySettingsError(problems.join("\n"));
  return { issuers, alarmEmail, baseUrl: baseUrl?.replace(/\/+$/, "") };
};

/** Settings of a deployment that cannot be used; its message names each, without its value. */
export class DeploySettingsError extends Error {
  override readonly name = "DeploySettingsError";
}
