import type { Template } from "aws-cdk-lib/assertions";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** A resource in words: what a template writes as references to generated names. */
const wordFor = (resource: unknown): string => {
  const text = JSON.stringify(resource);
  const table = /Tables(heads|operations|payloads|effects|summaries|identifiers)/.exec(text)?.[1];
  if (table !== undefined) {
    const index = /\/index\/(\w+)/.exec(text)?.[1];
    return index === undefined
      ? `table ${table}${text.includes("StreamArn") ? ", stream" : ""}`
      : `index ${table}/${index}`;
  }
  if (text === '"*"') return "(none: the action knows no resources)";
  if (text.includes("Bucket")) return text.includes("/*") ? "objects of the segments bucket" : "segments bucket";
  if (text.includes("SigningKeySecret")) return "signing key";
  if (text.includes("RecordKey")) return "record key";
  if (text.includes("QueueDeadLetters")) return "dead-letter queue";
  if (text.includes("QueueOperations")) return "operation queue";
  if (text.includes("Log")) return "own log";
  throw new Error(`a resource without a word: ${text}`);
};

const rowsOf = (name: string, statements: readonly Statement[]): readonly string[] =>
  statements.map(({ Action, Resource }) => {
    const actions = [Action].flat().map((action) => `\`${action}\``);
    return `| ${name} | ${actions.join(", ")} | ${[Resource].flat().map(wordFor).join(", ")} |`;
  });

/** Function × action × resource, from the templates of a stage. */
export const permissionTable = (...templates: readonly Template[]): string => {
  const rows = templates.flatMap((template) =>
    Object.entries(template.findResources("AWS::IAM::ManagedPolicy")).flatMap(([id, { Properties }]) =>
      rowsOf(id.replace(/^Functions/, "").replace(/Policy[0-9A-F]{8}$/, ""), Properties.PolicyDocument.Statement),
    ),
  );
  return ["| function | may | on |", "|---|---|---|", ...rows].join("\n");
};
