import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { grantsOf, nameOf, withoutGrant, type PolicyTemplate } from "../infra/grants.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** What a stage's stacks gave out, by stack name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Takes a grant away from the service's template of stage dev: what `npm run test:grants` deploys. */
const removeGrant = (app: string, name: string): void => {
  const folder = join(app, "assembly-dev");
  const file = readdirSync(folder).find((one) => /Service.*\.template\.json$/.test(one)) ?? "";
  const template = JSON.parse(readFileSync(join(folder, file), "utf8")) as PolicyTemplate;
  const grant = grantsOf(template).find((one) => nameOf(one) === name);
  if (grant === undefined) throw new Error(`The service stack has no such grant: ${name}`);
  writeFileSync(join(folder, file), JSON.stringify(withoutGrant(template, grant)));
};

/** The app synthesized into a folder of its own, and the cdk command on it. */
export const cdkOn = (environment: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-cdk-"));
  const app = join(folder, "cdk.out");
  const outputs = join(folder, "outputs.json");
  const env = {
    ...process.env,
    ...environment,
    CDK_OUTDIR: app,
    CDK_CONTEXT_JSON: JSON.stringify(JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")).context),
    CDK_DISABLE_CLI_TELEMETRY: "1",
    CDK_DEFAULT_ACCOUNT: "000000000000",
    CDK_DEFAULT_REGION: "eu-central-1",
  };
  const cdk = async (...args: readonly string[]): Promise<string> => {
    const command = join(root, "node_modules/.bin/cdk");
    const common = ["--app", app, "--ci", "--no-notices"];
    const { stdout, stderr } = await run(command, [...args, ...common], { cwd: root, env, maxBuffer: 1e8 });
    return stdout + stderr;
  };
  return {
    synth: async (over: Readonly<Record<string, string>> = {}) => {
      await run(process.execPath, [join(root, "infra/aws/app.ts")], { cwd: root, env: { ...env, ...over } });
      const missing = process.env["CASENOTES_WITHOUT_GRANT"];
      if (missing) removeGrant(app, missing);
    },
    bootstrap: () => cdk("bootstrap", "aws://000000000000/eu-central-1"),
    deploy: () => cdk("deploy", "dev/*", "--require-approval", "never", "--outputs-file", outputs),
    destroy: () => cdk("destroy", "dev/*", "--force"),
    outputs: (): Outputs => JSON.parse(readFileSync(outputs, "utf8")),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};
