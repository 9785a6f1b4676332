import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { type Removal, removals } from "./removals.ts";

/**
 * Takes one condition at a time away from a copy of the adapters of both engines, and runs the contract suite that must
 * notice. Ends with exit code 1 when one is missed. `node test/localstack/remove-conditions.ts [part of a condition's name]`
 */
const root = fileURLToPath(new URL("../..", import.meta.url));

const copyOfProject = (): string => {
  const copy = mkdtempSync(join(tmpdir(), "casenotes-conditions-"));
  for (const name of ["functions", "infra", "shared", "test", ".config", "package.json"])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
};

const run = (copy: string, { engine, suite, noticedBy }: Removal) => {
  const [config, file] =
    engine === "aws"
      ? ["test/localstack/vitest.config.ts", `${suite}.localstack`]
      : ["test/vitest.config.ts", `contract/${suite}.test`];
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const report = join(copy, "report.json");
  const args = [vitest, "run", "--config", config, "--root", copy, file, "-t", noticedBy];
  spawnSync(process.execPath, [...args, "--reporter=json", `--outputFile=${report}`], { cwd: copy, stdio: "ignore" });
  const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, "utf8")) as {
    numFailedTests: number;
    numPassedTests: number;
  };
  return { failed: numFailedTests, passed: numPassedTests };
};

/** Whether the suite is green with the condition and red without it. */
const isNoticed = (copy: string, removal: Removal): boolean => {
  const file = join(copy, removal.file);
  const text = readFileSync(file, "utf8");
  if (text.split(removal.from).length !== 2) throw new Error(`${removal.file} does not hold once: ${removal.from}`);
  rmSync(join(copy, "report.json"), { force: true });
  const before = run(copy, removal);
  writeFileSync(file, text.replace(removal.from, removal.to));
  const after = run(copy, removal);
  writeFileSync(file, text);
  return before.failed === 0 && before.passed > 0 && after.failed > 0;
};

const asked = process.argv[2] ?? "";
const localStack = await startLocalStack();
process.env["LOCALSTACK_ENDPOINT"] = localStack.endpoint;
const copy = copyOfProject();
try {
  for (const removal of removals.filter(({ engine, condition }) => `${engine} ${condition}`.includes(asked))) {
    const noticed = isNoticed(copy, removal);
    if (!noticed) process.exitCode = 1;
    process.stdout.write(`${noticed ? "noticed" : "MISSED "}  ${removal.engine.padEnd(8)}  ${removal.condition}\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
  await localStack.stop();
}
