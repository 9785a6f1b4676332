import type { AwsNames, TableName } from "../../functions/adapters/table-definitions.ts";
import type { TrustedIssuer } from "../../functions/config.ts";
import { readIssuers } from "./issuers.ts";

/** What a deployed function is told by its environment. */
export interface FunctionEnvironment {
  readonly names: AwsNames;
  readonly version: string;
  readonly baseUrl: string;
  readonly issuers: readonly TrustedIssuer[];
  /** One address for all services, where it is not AWS (a test); the SDK's own variable. */
  readonly endpoint: string | undefined;
  /** ARN of the secret with the signing key. */
  readonly signingKeySecret: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names a table. */
export const tableVariable = (table: TableName): string => `CASENOTES_TABLE_${table.toUpperCase()}`;

/** Thrown with every problem at once; names variables, never their values. */
class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** Reads and validates a function's environment, once at its start. Throws EnvironmentError. */
export const readEnvironment = (environment: Environment): FunctionEnvironment => {
  const problems: string[] = [];
  const read = (name: string): string => {
    const value = environment[name];
    if (value) return value;
    problems.push(`${name} is missing.`);
    return "";
  };
  const readUrl = (name: string): string => {
    const value = read(name);
    if (value !== "" && !URL.canParse(value)) problems.push(`${name} must be a URL.`);
    return value.replace(/\/+$/, "");
  };
  const table = (name: TableName): string => read(tableVariable(name));
  const found: FunctionEnvironment = {
    names: {
      tables: {
        heads: table("heads"),
        operations: table("operations"),
        payloads: table("payloads"),
        effects: table("effects"),
        summaries: table("summaries"),
        identifiers: table("identifiers"),
      },
      bucket: read("CASENOTES_BUCKET"),
      queueUrl: readUrl("CASENOTES_QUEUE_URL"),
      deadLetterQueueUrl: readUrl("CASENOTES_DEAD_LETTER_QUEUE_URL"),
    },
    endpoint: environment["AWS_ENDPOINT_URL"] || undefined,
    version: read("CASENOTES_VERSION"),
    baseUrl: readUrl("CASENOTES_BASE_URL"),
    issuers: readIssuers(read("CASENOTES_ISSUERS"), problems),
    signingKeySecret: read("CASENOTES_SIGNING_KEY_SECRET"),
  };
  if (problems.length > 0) throw new EnvironmentError(`The environment is not usable:\n${problems.join("\n")}`);
  return found;
};
