import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Template } from "aws-cdk-lib/assertions";
import { grantsOf, nameOf, withoutGrant, type PolicyTemplate } from "../infra/grants.ts";
import { orUsage } from "../../infra/local/or-usage.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import { partOfName } from "../support/part-of-name.ts";
import { permissionPage, plainPage } from "../infra/permission-table.ts";
import { synthesized } from "../infra/synthesized.ts";
import { type Report, runSuites } from "../support/project-copy.ts";

const usage = `Takes one grant at a time away from the service stack and prints which check turned red: the comparison with
docs/permissions.md for every grant, and for three of them a deployment on MiniStack with IAM enforced.

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
const deployWithout = (grant: string): Report => {
  process.env["CASENOTES_WITHOUT_GRANT"] = grant;
  return runSuites(root, {
    config: "test/deploy/vitest.config.ts",
    files: ["cycle.deploy"],
    names: "the deployed service",
  });
};

const failuresOf = ({ failed }: Report): readonly string[] => failed.map(({ name }) => name);

const print = (noticed: boolean, check: string, name: string, detail = ""): void => {
  if (!noticed) process.exitCode = 1;
  process.stdout.write(`${noticed ? "noticed" : "MISSED "}  ${check.padEnd(8)}  ${name}${detail && `: ${detail}`}\n`);
};

const synthesizedTemplate = () => {
  const { templateOf, dispose } = synthesized();
  const storage = templateOf("prod", "Storage");
  const template = templateOf("prod", "Service").toJSON() as PolicyTemplate;
  dispose();
  const isAsDocumented = (service: PolicyTemplate): boolean =>
    plainPage(permissionPage(storage, Template.fromJSON(service))) === documented;
  if (!isAsDocumented(template)) throw new Error("docs/permissions.md differs with every grant: write it again");
  return { template, grants: grantsOf(template), isAsDocumented };
};

const checkDeployments = (names: readonly string[]): void => {
  const whole = deployWithout("");
  if (whole.failed.length > 0 || whole.passed.length === 0)
    throw new Error(`the deployment is red with every grant: ${failuresOf(whole).join("; ")}`);
  for (const name of names) {
    const failures = failuresOf(deployWithout(name));
    print(failures.length > 0, "deployed", name, failures.join("; "));
  }
};

await orUsage(usage, () => {
  const part = partOfName(process.argv.slice(2));
  if (part === "help") return void process.stdout.write(usage);
  const { template, grants, isAsDocumented } = synthesizedTemplate();
  const asked = part === undefined ? deployed : grants.map(nameOf).filter((name) => name.includes(part));
  if (asked.length === 0) throw new UsageError(`no grant's name has "${part}" in it`);
  for (const grant of grants) print(!isAsDocumented(withoutGrant(template, grant)), "template", nameOf(grant));
  checkDeployments(asked);
});
