import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { heapFlagsOf } from "../../../infra/local/member-memory.ts";

test("the Node that comes with the packages knows the flags of a member", () => {
  const flags = heapFlagsOf(process.versions);
  expect(flags).not.toEqual([]);
  expect(execFileSync(process.execPath, [...flags, "-p", "6 * 7"], { encoding: "utf8" })).toBe("42\n");
});

test("another version of V8 is given none, as it might not know them", () => {
  expect(heapFlagsOf({ v8: "14.6.202.9-node.12" })).toEqual([]);
});
