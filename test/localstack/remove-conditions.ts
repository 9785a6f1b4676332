import { orUsage } from "../../infra/local/or-usage.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import { copyProject, runSuites, type Suites } from "../support/project-copy.ts";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { partOfName } from "../support/part-of-name.ts";
import { type Removal, removals } from "./removals.ts";

const usage = `Takes one condition at a time away from a copy of the adapters of both engines, and runs the contract suite that must notice.

  npm run test:conditions [-- part of an engine's and a condition's name]

Exit code: 0, 1 when one is missed, 2 when no condition is called so.
`;

const suitesOf = ({ engine, suite, noticedBy }: Removal): Suites =>
  engine === "aws"
    ? { config: "test/localstack/vitest.config.ts", files: [`${suite}.localstack`], names: noticedBy }
    : { config: "test/vitest.config.ts", files: [`contract/${suite}.test`], names: noticedBy };

/** Whether the suite is green with the condition and red without it. */
const isNoticed = (copy: ReturnType<typeof copyProject>, removal: Removal): boolean => {
  const suites = suitesOf(removal);
  const before = runSuites(copy.path, suites);
  const after = copy.runChanged(removal, suites);
  return before.failed.length === 0 && before.passed.length > 0 && after.failed.length > 0;
};

const run = async (asked: readonly Removal[]): Promise<void> => {
  const localStack = await startLocalStack();
  process.env["LOCALSTACK_ENDPOINT"] = localStack.endpoint;
  try {
    using copy = copyProject();
    for (const removal of asked) {
      const noticed = isNoticed(copy, removal);
      if (!noticed) process.exitCode = 1;
      process.stdout.write(`${noticed ? "noticed" : "MISSED "}  ${removal.engine.padEnd(8)}  ${removal.condition}\n`);
    }
  } finally {
    await localStack.stop();
  }
};

await orUsage(usage, async () => {
  const part = partOfName(process.argv.slice(2));
  if (part === "help") return void process.stdout.write(usage);
  const asked = removals.filter(({ engine, condition }) => `${engine} ${condition}`.includes(part ?? ""));
  if (asked.length === 0) throw new UsageError(`no condition's name has "${part}" in it`);
  await run(asked);
});
