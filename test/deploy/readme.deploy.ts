import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startIssuer } from "./issuer.ts";
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

test("the README's way from a clone of this repository to a clone of a first record runs as it is written", async () => {
  const { folder } = checkout;
  const { exitCode, output } = await pasted(commandsOf("README.md", "## On AWS"), folder, environment());
  expect([exitCode, output]).toEqual([0, expect.stringContaining("record:create: Write notes/first.md")]);
  expect(output.match(/Operation-Id: /g)).toHaveLength(2);
  expect(readFileSync(join(folder, "record/notes/first.md"), "utf8")).toBe("First visit.");
}, 600_000);

test("the deploy guide's first clone runs as it is written, with a token of the operator's own issuer", async () => {
  const issuer = await startIssuer();
  const given = {
    CASENOTES_ISSUERS: JSON.stringify([issuer.trusted]),
    TOKEN: await issuer.token("record:read record:write"),
  };
  const commands = commandsOf("docs/deploy.md", "## The first clone");
  const { exitCode, output } = await pasted(commands, checkout.folder, { ...environment(), ...given });
  issuer.close();
  expect([exitCode, output]).toEqual([0, expect.stringContaining("Author-Issuer: https://id.example.org")]);
  expect(readFileSync(join(checkout.folder, "first-record/ehr_status.yaml"), "utf8")).not.toBe("");
}, 300_000);
