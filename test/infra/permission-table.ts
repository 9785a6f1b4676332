import type { Template } from "aws-cdk-lib/assertions";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** A resource in words: what a template writes as references to generated names. */
export const wordFor = (resource: unknown): string => {
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
const permissionTable = (...templates: readonly Template[]): string => {
  const rows = templates.flatMap((template) =>
    Object.entries(template.findResources("AWS::IAM::ManagedPolicy")).flatMap(([id, { Properties }]) =>
      rowsOf(id.replace(/^Functions/, "").replace(/Policy[0-9A-F]{8}$/, ""), Properties.PolicyDocument.Statement),
    ),
  );
  return ["| function | may | on |", "|---|---|---|", ...rows].join("\n");
};

/** docs/permissions.md, as it ought to be. */
export const permissionPage = (...templates: readonly Template[]): string => `# What each function may do

Made from the template; \`CASENOTES_WRITE_DOCS=1 npx vitest run --config test/vitest.config.ts test/infra/permission-docs\` writes
it again, and the test fails while it differs. Each function has a role of its own. \`s3:ListBucket\` is there so that S3 says 404,
and not 403, of a segment that was merged away: readers then look at the head again. No function may delete a version of an
object, or a table.

No grant can go unnoticed: \`npm run test:grants\` takes each one away and tells which check turned red, the comparison with this
page for all of them, and for three a real deployment on this machine with permissions enforced (\`npm run test:deploy\`).

${permissionTable(...templates)}
`;

/** A page without the padding that the formatter adds. */
export const plainPage = (markdown: string): string =>
  markdown.replaceAll(/ +\|/g, " |").replaceAll(/-{3,}/g, "---").replaceAll("| -", "|-").replaceAll("- |", "-|");
