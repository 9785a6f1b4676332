import type { AwsNames } from "../../functions/adapters/table-definitions.ts";

/** The AWS engine, as the environment names it: the variables of a deployed function, and the SDK's own. */
export interface AwsSettings {
  readonly names: AwsNames;
  /** `AWS_ENDPOINT_URL`: one address for all services, where it is not AWS itself. */
  readonly endpoint?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that name tables, bucket and queues. */
export const awsVariables = ({ tables, bucket, queueUrl, deadLetterQueueUrl }: AwsNames): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(tables).map(([table, name]) => [tableVariable(table), name])),
  CASENOTES_BUCKET: bucket,
  CASENOTES_QUEUE_URL: queueUrl,
  CASENOTES_DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
});

const tableVariable = (table: string): string => `CASENOTES_TABLE_${table.toUpperCase()}`;

/** Lines of bash that set these variables; values must have no quotation mark, as names and URLs have none. */
export const exportLines = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join("");

/** Reads the names; adds to `problems` what is missing, without values. */
export const readAwsSettings = (environment: Environment, problems: string[]): AwsSettings => {
  const read = (name: string): string => {
    const value = environment[name];
    if (value) return value;
    problems.push(`${name} is missing: CASENOTES_ENGINE=aws needs it.`);
    return "";
  };
  const readUrl = (name: string): string => {
    const value = read(name);
    if (value !== "" && !URL.canParse(value)) problems.push(`${name} must be a URL.`);
    return value;
  };
  const endpoint = environment["AWS_ENDPOINT_URL"];
  if (endpoint && !URL.canParse(endpoint)) problems.push("AWS_ENDPOINT_URL must be a URL.");
  return {
    names: {
      tables: {
        heads: read(tableVariable("heads")),
        operations: read(tableVariable("operations")),
        payloads: read(tableVariable("payloads")),
        effects: read(tableVariable("effects")),
        summaries: read(tableVariable("summaries")),
        identifiers: read(tableVariable("identifiers")),
      },
      bucket: read("CASENOTES_BUCKET"),
      queueUrl: readUrl("CASENOTES_QUEUE_URL"),
      deadLetterQueueUrl: readUrl("CASENOTES_DEAD_LETTER_QUEUE_URL"),
    },
    ...(endpoint && { endpoint }),
  };
};
