import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { bundleAll, entryNames } from "../../infra/aws/bundles.ts";
import { tableVariable } from "../../infra/aws/environment.ts";

/** Time of importing one function's bundle in a new process, ms: median of `runs`. */
export interface ColdImport {
  readonly name: string;
  readonly ms: number;
}

/** Functions that wait for the signing key when they are imported, and the one that Lambda's own runtime must be there for. */
const notImported = new Set(["commit", "health", "git-stream"]);

const script = (file: string): string =>
  `const t=performance.now();await import(${JSON.stringify(file)});process.stdout.write(String(performance.now()-t));process.exit()`;

const environment = {
  ...Object.fromEntries((Object.keys(tableDefinitions) as TableName[]).map((name) => [tableVariable(name), name])),
  CASENOTES_BUCKET: "b",
  CASENOTES_QUEUE_URL: "https://sqs.invalid/q",
  CASENOTES_DEAD_LETTER_QUEUE_URL: "https://sqs.invalid/d",
  CASENOTES_SIGNING_KEY_SECRET: "s",
  CASENOTES_VERSION: "0",
  CASENOTES_BASE_URL: "https://records.invalid",
  CASENOTES_ISSUERS: '[{"issuer":"i","audience":"a","jwksUri":"https://id.invalid/","algorithms":["ES256"]}]',
  AWS_REGION: "eu-central-1",
};

const importOnce = (file: string): number => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script(file)], {
    env: environment,
  });
  const ms = Number(stdout.toString());
  if (stdout.length === 0 || !Number.isFinite(ms)) throw new Error(`${file} was not imported: ${stderr.toString()}`);
  return ms;
};

/** Bundles every function and measures what its first import costs, each time in a new process. */
export const coldImports = async (runs: number): Promise<readonly ColdImport[]> => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-cold-"));
  await bundleAll(folder);
  const measured = entryNames
    .filter((name) => !notImported.has(name))
    .map((name): ColdImport => {
      const times = Array.from({ length: runs }, () => importOnce(join(folder, name, "index.mjs")));
      return { name, ms: times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0 };
    });
  rmSync(folder, { recursive: true, force: true });
  return measured;
};
