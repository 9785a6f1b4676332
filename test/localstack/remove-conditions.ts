import { copyProject, runSuites, type Suites } from "../support/project-copy.ts";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { type Removal, removals } from "./removals.ts";

/**
 * Takes one condition at a time away from a copy of the adapters of both engines, and runs the contract suite that must
 * notice. Ends with exit code 1 when one is missed. `node test/localstack/remove-conditions.ts [part of a condition's name]`
 */
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

const asked = process.argv[2] ?? "";
const localStack = await startLocalStack();
process.env["LOCALSTACK_ENDPOINT"] = localStack.endpoint;
try {
  using copy = copyProject();
  for (const removal of removals.filter(({ engine, condition }) => `${engine} ${condition}`.includes(asked))) {
    const noticed = isNoticed(copy, removal);
    if (!noticed) process.exitCode = 1;
    process.stdout.write(`${noticed ? "noticed" : "MISSED "}  ${removal.engine.padEnd(8)}  ${removal.condition}\n`);
  }
} finally {
  await localStack.stop();
}
