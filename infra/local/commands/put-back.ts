import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { tableDefinitions, type TableName } from "../../../functions/adapters/table-definitions.ts";
import { readAwsSettings } from "../aws-settings.ts";
import { readFlags, UsageError } from "../read-flags.ts";
import { missingInAws } from "../check-aws.ts";
import { bringBackSegments } from "../put-back/bring-back-segments.ts";
import { putBackTable } from "../put-back/put-back-table.ts";

const usage = `Puts the AWS engine's tables and segments back to what they were, from tables restored to that time (docs/deploy.md).

  npm run put-back -- --from PREFIX --at TIME [--yes]

  --from PREFIX   the restored tables are PREFIX-heads, PREFIX-operations, …
  --at TIME       the time they were restored to, as 2026-11-21T14:02:00Z
  --yes           do it; without it, only counts what it would do

Tables and bucket are those that the environment names, as for the service. Nothing else may write to them meanwhile.
`;

const options = {
  from: { type: "string" },
  at: { type: "string" },
  yes: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const timeOf = (text: string | undefined): Date => {
  const at = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text ?? "") ? (text ?? "") : Number.NaN);
  if (Number.isNaN(at.getTime())) throw new UsageError("--at must be a time as 2026-11-21T14:02:00Z.");
  return at;
};

const restoreIt =
  "`aws dynamodb restore-table-to-point-in-time` makes it (docs/deploy.md, Restore drill), unless --from is wrong.";

const complain = (problems: readonly string[]): void => {
  process.stderr.write(`${problems.join("\n")}\n`);
  process.exitCode = 2;
};

const main = async (): Promise<void> => {
  const { from, at, yes, help } = readFlags(process.argv.slice(2), options);
  if (help) return void process.stdout.write(usage);
  if (!from) throw new UsageError("--from is missing.");
  const since = timeOf(at);
  const problems: string[] = [];
  const settings = readAwsSettings(process.env, problems);
  const restored = Object.fromEntries(Object.keys(tableDefinitions).map((name) => [name, `${from}-${name}`]));
  const source = { ...settings, names: { ...settings.names, tables: restored as Record<TableName, string> } };
  if (problems.length === 0) problems.push(...(await missingInAws(settings)));
  if (problems.length === 0) problems.push(...(await missingInAws(source, restoreIt)));
  if (problems.length > 0) return complain(problems);
  await putBack(settings, { from, since, dryRun: !yes });
};

type Settings = ReturnType<typeof readAwsSettings>;

const putBack = async (
  { names, endpoint }: Settings,
  { from, since, dryRun }: { readonly from: string; readonly since: Date; readonly dryRun: boolean },
): Promise<void> => {
  const [s3, dynamo] = [new S3Client({ forcePathStyle: endpoint !== undefined }), new DynamoDBClient({})];
  // Segments first: at no time does a head name one that is not there.
  const segments = await bringBackSegments(s3, { bucket: names.bucket, since, dryRun });
  const did = dryRun ? "would be" : "were";
  process.stdout.write(`segments: ${segments} ${did} brought back\n`);
  for (const name of Object.keys(tableDefinitions) as TableName[]) {
    const definition = tableDefinitions[name];
    const counts = await putBackTable(dynamo, { from: `${from}-${name}`, to: names.tables[name], definition, dryRun });
    process.stdout.write(`${name}: ${counts.items} items, ${counts.put} ${did} put, ${counts.deleted} deleted\n`);
  }
  if (dryRun) process.stdout.write("Nothing was changed: add --yes.\n");
};

await main().catch((cause: unknown) => {
  if (!(cause instanceof UsageError)) throw cause;
  process.stderr.write(`${cause.message}\n\n${usage}`);
  process.exitCode = 2;
});
