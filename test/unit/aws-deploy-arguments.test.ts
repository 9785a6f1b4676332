import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readFlags } from "../../infra/aws/deploy-flags.ts";

const none = { bootstrap: false, trial: false, yes: false, destroy: false };

describe("the deploy command", () => {
  test("takes a stage, and does nothing that was not asked for", () => {
    expect(readFlags(["--stage", "dev"])).toEqual({ stage: "dev", ...none });
    expect(readFlags(["--stage=prod"])).toEqual({ stage: "prod", ...none });
  });

  test("takes every flag of dev together, in any order", () => {
    expect(readFlags(["--destroy", "--yes", "--trial", "--bootstrap", "--stage", "dev"])).toEqual({
      stage: "dev",
      bootstrap: true,
      trial: true,
      yes: true,
      destroy: true,
    });
  });

  test("explains itself before anything else", () => {
    expect(readFlags(["--help", "--stage", "nowhere"])).toBe("help");
  });

  test.for([
    ["no stage", [], "--stage is missing"],
    ["an empty stage", ["--stage", ""], "There is no stage"],
    ["an unknown stage", ["--stage", "test"], "There is no stage"],
    ["a name that every object has", ["--stage", "toString"], "There is no stage"],
    ["an unknown flag", ["--stage", "dev", "--force"], "'--force'"],
    ["a word too many", ["dev"], "'dev'"],
    ["to destroy prod", ["--stage", "prod", "--destroy"], "prod holds records"],
    ["to destroy prod without asking", ["--stage", "prod", "--destroy", "--yes"], "prod holds records"],
    ["a trial's tokens in prod", ["--stage", "prod", "--trial"], "Only dev"],
  ] as const)("refuses %s in one line", ([, args, reason]) => {
    const refused = () => readFlags(args);
    expect(refused).toThrow(expect.objectContaining({ name: "NotDeployable" }));
    expect(refused).toThrow(reason);
    expect(refused).not.toThrow(/\n/);
  });

  test("ends with 1, one line on standard error and nothing for a shell to run, before it asks AWS anything", () => {
    const command = fileURLToPath(new URL("../../infra/aws/deploy.ts", import.meta.url));
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", command, ...args], {
        env: { PATH: "", AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
        encoding: "utf8",
      });
    for (const [args, line] of [
      [["--stage", "prod", "--destroy"], "Only dev can be destroyed"],
      [["--stage", "dev"], "CASENOTES_ISSUERS is missing"],
    ] as const) {
      const { status, stdout, stderr } = run(...args);
      expect([status, stdout, stderr.split("\n").length]).toEqual([1, "", 2]);
      expect(stderr).toContain(line);
    }
  });
});
