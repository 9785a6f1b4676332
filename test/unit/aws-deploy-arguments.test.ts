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

  test("refuses to destroy prod, also when it is told not to ask", () => {
    expect(() => readFlags(["--yes", "--stage", "prod", "--destroy"])).toThrow("prod holds records");
  });
});
