import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { RestoreTableToPointInTimeCommand } from "@aws-sdk/client-dynamodb";
import { PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import { awsClients, type AwsClients } from "../../functions/aws-clients.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { awsVariables } from "../../infra/local/aws-settings.ts";
import { makeAwsResources } from "../../infra/local/aws-resources.ts";
import type { Engine } from "../../shared/ports.ts";
import { commitTo } from "../support/sqlite-record.ts";
import { startMiniStack, type MiniStack } from "./ministack.ts";

const run = promisify(execFile);
const command = fileURLToPath(new URL("../../infra/local/commands/put-back.ts", import.meta.url));

let aws: MiniStack;
let clients: AwsClients;
let names: AwsNames;
let engine: Engine;

beforeAll(async () => {
  aws = await startMiniStack();
  Object.assign(process.env, aws.environment);
  clients = awsClients({ endpoint: aws.url, region: "eu-central-1" });
  names = await makeAwsResources(clients, "drill", { visibilityS: 90, maxReceiveCount: 1_000 });
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await clients.s3.send(new PutBucketVersioningCommand({ Bucket: names.bucket, VersioningConfiguration }));
  engine = openAwsEngine({ clients, names });
});

afterAll(async () => {
  await engine?.close();
  await aws?.[Symbol.asyncDispose]();
});

const putBack = (...flags: readonly string[]) =>
  run(process.execPath, [command, ...flags], { env: { ...process.env, ...aws.environment, ...awsVariables(names) } });

const commitsOf = async (patientId: string): Promise<string | null | undefined> =>
  (await engine.heads.read(patientId))?.commit;

/** Every byte that a head names can be read. */
const isWhole = async (patientId: string): Promise<boolean> => {
  const head = await engine.heads.read(patientId);
  const ids = Object.keys(head?.packs ?? {});
  const sizes = await Promise.all(ids.map(async (id) => (await engine.segments.get(patientId, id)).byteLength));
  return sizes.length > 0 && sizes.every((size) => size > 0);
};

test("tables and segments are put back to what they were when the tables were restored", async () => {
  const [changed, lost, untouched, late] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const before = new Map<string, string>();
  for (const id of [changed, lost, untouched]) before.set(id, await commitTo(engine, id, { "notes/1.md": `${id}\n` }));
  // MiniStack restores a table to now, whatever time it is asked for: so the restore comes before the damage.
  for (const SourceTableName of Object.values(names.tables)) {
    const TargetTableName = SourceTableName.replace("drill-", "restored-");
    const restore = { SourceTableName, TargetTableName, UseLatestRestorableTime: true };
    await clients.dynamoOnce.send(new RestoreTableToPointInTimeCommand(restore));
  }
  const at = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace(".000Z", "Z");

  const replaced = Object.keys((await engine.heads.read(changed))!.packs);
  await commitTo(engine, changed, { "notes/1.md": "Wrong.\n" });
  await engine.segments.delete(changed, replaced);
  await engine.segments.delete(lost, Object.keys((await engine.heads.read(lost))!.packs));
  await commitTo(engine, late, { "notes/1.md": "Made afterwards.\n" });

  const counted = await putBack("--from", "restored", "--at", at);
  expect(counted.stdout).toMatch(
    /would be brought back[^]*heads: 3 items, 1 would be put, 1 deleted[^]*Nothing was changed/,
  );
  expect(await commitsOf(changed)).not.toBe(before.get(changed));

  const done = await putBack("--from", "restored", "--at", at, "--yes");
  expect(done.stdout).toContain("heads: 3 items, 1 were put, 1 deleted");
  for (const [id, commit] of before) expect([await commitsOf(id), await isWhole(id)]).toEqual([commit, true]);
  expect(await commitsOf(late)).toBeUndefined();

  const again = await putBack("--from", "restored", "--at", at, "--yes");
  expect(again.stdout).toMatch(/segments: 0 [^]*heads: 3 items, 0 were put, 0 deleted/);
});

test.for([
  [["--at", "2026-11-21T14:02:00Z"], "--from is missing."],
  [["--from", "restored", "--at", "14:02"], "--at must be a time as 2026-11-21T14:02:00Z."],
  [["--from", "nowhere", "--at", "2026-11-21T14:02:00Z"], "nowhere-heads does not exist: `aws dynamodb restore-"],
] as const)("put-back %j changes nothing and says why", async ([flags, why]) => {
  await expect(putBack(...flags)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
});
