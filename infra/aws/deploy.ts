import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DeploySettingsError, readDeploySettings } from "./deploy-settings.ts";
import { stages } from "./stages.ts";

const usage = `Deploys a stage to the AWS account of the credentials in the environment, and prints the API's URL.

  npm run deploy -- --stage ${Object.keys(stages).join("|")}
  npm run deploy -- --stage dev --destroy

Settings are read from the environment: see docs/deploy.md.
`;

const options = { stage: { type: "string" }, destroy: { type: "boolean", default: false } } as const;

const readFlags = (): { readonly stage: string; readonly destroy: boolean } | undefined => {
  try {
    const { stage, destroy } = parseArgs({ options, strict: true }).values;
    if (stage !== undefined && Object.hasOwn(stages, stage)) return { stage, destroy };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
  }
  return undefined;
};

const complain = (text: string): void => {
  process.stderr.write(text);
  process.exitCode = 1;
};

const main = (): void => {
  const flags = readFlags();
  if (flags === undefined) return complain(usage);
  if (flags.destroy && flags.stage !== "dev") return complain("Only dev can be destroyed: prod holds records.\n");
  try {
    readDeploySettings(process.env);
  } catch (cause) {
    if (!(cause instanceof DeploySettingsError)) throw cause;
    return complain(`${cause.message}\n`);
  }
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const stacks = `${flags.stage}/*`;
  const args = flags.destroy ? ["destroy", stacks] : ["deploy", stacks, "--require-approval", "broadening"];
  const cdk = spawn("cdk", args, { cwd: root, stdio: "inherit" });
  cdk.on("error", () => complain("The cdk command was not found: run npm ci, then npm run deploy.\n"));
  cdk.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
};

main();
