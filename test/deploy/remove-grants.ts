import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { grantsOf, nameOf, withoutGrant, type PolicyTemplate } from "../infra/grants.ts";
import { orUsage } from "../../infra/local/or-usage.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import { inRunFolder } from "../support/in-run-folder.ts";
import { partOfName } from "../support/part-of-name.ts";
import { permissionPage, plainPage } from "../infra/permission-table.ts";
import { type Report, runSuites } from "../support/project-copy.ts";

const usage = `Takes one grant at a time away from the service stack and prints which check turned red: for every grant "table", the
comparison of the template, what the CDK makes of the stacks, with the table of permissions in docs/permissions.md; for three
of them "deployed" too, the use of a deployment on MiniStack with IAM enforced.

  npm run test:grants [-- part of the names of other grants to deploy without]

Exit code: 0, 1 when one is missed, 2 when no grant is called so.
`;

const root = fileURLToPath(new URL("../..", import.meta.url));
const documented = plainPage(readFileSync(join(root, "docs/permissions.md"), "utf8"));

/** Three whose lack shows later than in the answer to the request that needs them, in three functions. */
const deployed = [
  "commit sqs:ChangeMessageVisibility operation queue",
  "operate sqs:SendMessage operation queue",
  "deadletters dynamodb:UpdateItem table operations",
];

/** Deploys and uses the service, without a grant or with all of them. */
const deployWithout = (grant: string, signal: AbortSignal): Promise<Report> => {
  process.env["CASENOTES_WITHOUT_GRANT"] = grant;
  const suites = { config: "test/deploy/vitest.config.ts", files: ["cycle.deploy"], names: "the deployed service" };
  return runSuites(root, suites, signal);
};

const failuresOf = ({ failed }: Report): readonly string[] => failed.map(({ name }) => name);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const tell = (noticed: boolean, check: string, text: string): boolean => {
  say(`${noticed ? "noticed" : "MISSED "}  ${check.padEnd(8)}  ${text}`);
  return noticed;
};

/** The CDK takes a second to load: not for a look at the usage. */
const synthesizedTemplate = async () => {
  const [{ Template }, { synthesized }] = await Promise.all([
    import("aws-cdk-lib/assertions"),
    import("../infra/synthesized.ts"),
  ]);
  const { templateOf, dispose } = synthesized();
  const storage = templateOf("prod", "Storage");
  const template = templateOf("prod", "Service").toJSON() as PolicyTemplate;
  dispose();
  const isAsDocumented = (service: PolicyTemplate): boolean =>
    plainPage(permissionPage(storage, Template.fromJSON(service))) === documented;
  if (!isAsDocumented(template)) throw new Error("docs/permissions.md differs with every grant: write it again");
  return { template, grants: grantsOf(template), isAsDocumented };
};

type Synthesized = Awaited<ReturnType<typeof synthesizedTemplate>>;

/** How many the table of permissions notices. */
const checkTable = async ({ template, grants, isAsDocumented }: Synthesized, signal: AbortSignal): Promise<number> => {
  say("table: the synthesised template without the grant, compared with docs/permissions.md");
  let noticed = 0;
  for (const grant of grants) {
    if (tell(!isAsDocumented(withoutGrant(template, grant)), "table", nameOf(grant))) noticed += 1;
    // Lets a signal be heard.
    await setImmediate();
    signal.throwIfAborted();
  }
  return noticed;
};

/** How many a deployment notices that is used. */
const checkDeployments = async (names: readonly string[], signal: AbortSignal): Promise<number> => {
  say("deployed: the service without the grant, deployed on MiniStack with IAM enforced, and used");
  const whole = await deployWithout("", signal);
  if (whole.failed.length > 0 || whole.passed.length === 0)
    throw new Error(`the deployment is red with every grant: ${failuresOf(whole).join("; ")}`);
  let noticed = 0;
  for (const name of names) {
    const failures = failuresOf(await deployWithout(name, signal));
    if (tell(failures.length > 0, "deployed", [name, ...failures].join(": "))) noticed += 1;
  }
  return noticed;
};

const run = async (service: Synthesized, names: readonly string[], signal: AbortSignal): Promise<void> => {
  const byTable = await checkTable(service, signal);
  const byDeployment = await checkDeployments(names, signal);
  const [noticed, all] = [byTable + byDeployment, service.grants.length + names.length];
  say(
    `${noticed} of ${all} removals noticed: ${byTable} of ${service.grants.length} by the table of permissions (the synthesised template ` +
      `no longer equals docs/permissions.md), ${byDeployment} of ${names.length} by a real deployment`,
  );
  if (noticed < all) process.exitCode = 1;
};

await orUsage(usage, async () => {
  const part = partOfName(process.argv.slice(2));
  if (part === "help") return say(usage);
  await inRunFolder(async (signal) => {
    const service = await synthesizedTemplate();
    const asked = part === undefined ? deployed : service.grants.map(nameOf).filter((name) => name.includes(part));
    if (asked.length === 0) throw new UsageError(`no grant's name has "${part}" in it`);
    await run(service, asked, signal);
  });
});
