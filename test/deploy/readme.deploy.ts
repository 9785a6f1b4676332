import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMiniStack, type MiniStack } from "./ministack.ts";
import { commandsOf, freshCheckout, pasted } from "./pasted.ts";

let aws: MiniStack;
let checkout: ReturnType<typeof freshCheckout>;

beforeAll(async () => {
  checkout = freshCheckout();
  aws = await startMiniStack();
});

afterAll(async () => {
  await aws?.[Symbol.asyncDispose]();
  checkout?.[Symbol.dispose]();
});

/** What a person's shell has, without this project's own packages, and what a real account gives. */
const environment = () => {
  const { PATH = "", HOME, TMPDIR } = process.env;
  const path = PATH.split(":").filter((folder) => !folder.includes("node_modules"));
  return { PATH: path.join(":"), HOME, TMPDIR, CDK_DISABLE_CLI_TELEMETRY: "1", ...aws.environment };
};

test("a deployment where CDK was never prepared says so in one line, before it makes anything", async () => {
  const command = `${commandsOf("README.md", "## On AWS").match(/^npm ci$/m)![0]}
npm run -s deploy -- --stage dev --trial`;
  const { exitCode, output, stdout } = await pasted(command, checkout.folder, environment());
  expect([exitCode, output]).toEqual([1, expect.stringMatching(/^CDK is not bootstrapped in eu-central-1 .*\n$/m)]);
  expect(stdout).not.toContain("CASENOTES=");
}, 180_000);

test("the README's way from a clone of this repository to a clone of a first record runs as it is written", async () => {
  const { folder } = checkout;
  const { exitCode, output } = await pasted(commandsOf("README.md", "## On AWS"), folder, environment());
  expect([exitCode, output]).toEqual([0, expect.stringContaining("record:create: Write notes/first.md")]);
  expect(output.match(/Operation-Id: /g)).toHaveLength(2);
  expect(readFileSync(join(folder, "record/notes/first.md"), "utf8")).toBe("First visit.");
}, 600_000);
