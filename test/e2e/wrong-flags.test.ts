import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a command of the project, by its file, with flags: no more than a look at the flags is expected of it. */
const run = (file: string, ...args: readonly string[]) => {
  const command = ["--disable-warning=ExperimentalWarning", file, ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: "utf8", timeout: 20_000 });
};

test.each([
  "test/simulation/simulate.ts --foo",
  "test/simulation/simulate.ts --seed abc",
  "test/simulation/simulate.ts --seeds 0",
  "test/localstack/remove-conditions.ts --foo",
  "test/localstack/remove-conditions.ts nonsense",
  "test/deploy/remove-grants.ts --foo",
  "test/mutants/mutants.ts --foo",
  "test/history/soak.ts --seconds x",
  "test/bench/bench.ts --only nonsense",
])("%s is told what is wrong in a line, then the usage, with exit code 2", (line) => {
  const [file = "", ...args] = line.split(" ");
  const { status, stdout, stderr } = run(file, ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n\n[^]*npm run /);
  expect(stderr).not.toContain("    at ");
});

test.each(["test/simulation/simulate.ts", "test/localstack/remove-conditions.ts", "test/deploy/remove-grants.ts"])(
  "%s --help prints the usage, with exit code 0",
  (file) => {
    const { status, stdout } = run(file, "--help");
    expect(status).toBe(0);
    expect(stdout).toContain("npm run ");
  },
);
