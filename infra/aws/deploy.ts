import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../local/read-flags.ts";
import { checkAccount } from "./check-account.ts";
import { NotDeployable, readFlags, usage, type DeployFlags } from "./deploy-flags.ts";
import { DeploySettingsError, readDeploySettings } from "./deploy-settings.ts";
import { deployedUrls } from "./deployed-urls.ts";
import { trialIssuer } from "./trial-issuer.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

/** The app is made from settings even to be removed; these trust nobody. */
const nobody = { issuer: "none", audience: "none", jwksUri: "https://none.invalid/", algorithms: ["ES256"] } as const;

/** The issuers of the environment, and the trial's. Throws DeploySettingsError. */
const issuersFor = async ({ trial, destroy }: DeployFlags, environment: Environment): Promise<string> => {
  const given = environment["CASENOTES_ISSUERS"];
  if (destroy && !given) return JSON.stringify([nobody]);
  if (!trial) return given ?? "";
  const own = await trialIssuer(environment["CASENOTES_DATA"] || ".casenotes");
  const others = given ? readDeploySettings(environment).issuers : [];
  return JSON.stringify([...others, own]);
};

/** Runs the cdk command, which talks on standard error. Throws NotDeployable when it fails: it has said why. */
const cdk = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const child = spawn("cdk", args, { cwd: root, env, stdio: ["inherit", 2, "inherit"] });
  const [code] = await once(child, "exit").catch((cause: unknown) => {
    throw new NotDeployable("The cdk command was not found: run npm ci, then npm run deploy.", { cause });
  });
  if (code !== 0) throw new NotDeployable(`cdk ${args[0]} did not succeed.`);
};

/** `app`: how cdk is told where the app is, when it was synthesized just before. */
const deployAndTell = async (flags: DeployFlags, env: NodeJS.ProcessEnv, app: readonly string[]): Promise<void> => {
  const { stage, yes } = flags;
  const folder = mkdtempSync(join(tmpdir(), "casenotes-deploy-"));
  const file = join(folder, "outputs.json");
  try {
    const approval = ["--require-approval", yes ? "never" : "broadening"];
    await cdk(["deploy", `${stage}/*`, ...approval, "--outputs-file", file, ...app], env);
    const outputs = JSON.parse(readFileSync(file, "utf8"))[`casenotes-${stage}-service`];
    process.stdout.write(deployedUrls(outputs, env["AWS_ENDPOINT_URL"]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Reads the settings; resolves to the issuers among them. Throws DeploySettingsError. */
const checkSettings = async (flags: DeployFlags): Promise<string> => {
  const issuers = await issuersFor(flags, process.env);
  readDeploySettings({ ...process.env, CASENOTES_ISSUERS: issuers });
  return issuers;
};

const isComplaint = (cause: unknown): cause is Error =>
  cause instanceof NotDeployable || cause instanceof DeploySettingsError;

/** Settings and account, so that a person sees in one go what both lack. Throws NotDeployable. */
const checkAll = async (flags: DeployFlags) => {
  const checks = [checkSettings(flags), checkAccount(process.env)] as const;
  const refused = (await Promise.allSettled(checks)).flatMap((check) => ("reason" in check ? [check.reason] : []));
  for (const cause of refused) if (!isComplaint(cause)) throw cause;
  if (refused.length > 0) throw new NotDeployable(refused.map(({ message }) => message).join("\n"));
  return { issuers: await checks[0], ...(await checks[1]) };
};

const deploy = async (flags: DeployFlags): Promise<void> => {
  const { issuers, region, isBootstrapped } = await checkAll(flags);
  if (isBootstrapped === false && !flags.bootstrap && !flags.destroy)
    throw new NotDeployable(`CDK is not bootstrapped in ${region} of this account: add --bootstrap, once.`);
  const env = { ...process.env, AWS_REGION: region, CASENOTES_ISSUERS: issuers };
  if (flags.destroy) return cdk(["destroy", `${flags.stage}/*`, ...(flags.yes ? ["--force"] : [])], env);
  if (!flags.bootstrap || isBootstrapped) return deployAndTell(flags, env, []);
  await cdk(["bootstrap"], env);
  return deployAndTell(flags, env, ["--app", "cdk.out"]);
};

const main = async (): Promise<void> => {
  const flags = readFlags(process.argv.slice(2));
  if (flags === "help") process.stdout.write(usage);
  else await deploy(flags);
};

await main().catch((cause: unknown) => {
  const isUsage = cause instanceof UsageError;
  if (!isUsage && !isComplaint(cause)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = isUsage ? 2 : 1;
});
