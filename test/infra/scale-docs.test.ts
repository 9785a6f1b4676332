import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { restRounds } from "../../functions/collect.ts";
import { writePathDefaults } from "../../functions/config.ts";
import { shards } from "../../functions/adapters/aws-store.ts";
import { functionPlans, type EntryName } from "../../infra/aws/function-plans.ts";
import { stages } from "../../infra/aws/stages.ts";

const [, knobs = ""] = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8").split("\n## Knobs\n");
const { dev, prod } = stages;

/** What the table says of a knob in dev and in prod. */
const rowOf = (knob: string): readonly string[] => {
  const row = knobs.split("\n").find((line) => line.startsWith(`| ${knob}`));
  return (
    row
      ?.split("|")
      .slice(3, 5)
      .map((cell) => cell.trim()) ?? []
  );
};

const written = (value: number): string => value.toLocaleString("en-US");

const concurrencyOf = (name: EntryName): readonly string[] =>
  [dev, prod].map((stage) => written(Math.max(2, Math.ceil(functionPlans[name].concurrency * stage.concurrencyShare))));

test.for(["submit", "commit", "read", "drain"] as const)(
  "docs/scale.md has the concurrency of %s as deployed",
  (name) => {
    expect(rowOf(`\`concurrency\` of \`${name}\``)).toEqual(concurrencyOf(name));
  },
);

test("docs/scale.md has the settings of the stages, and the numbers of the code", () => {
  expect(rowOf("`throttle`")).toEqual([dev, prod].map(({ throttle }) => written(throttle.ratePerS)));
  expect(rowOf("`concurrencyShare`")).toEqual([dev, prod].map((stage) => String(stage.concurrencyShare)));
  expect(rowOf("`traces`")).toEqual([dev, prod].map(({ traces }) => (traces ? "on" : "off")));
  expect(rowOf("`warm`")).toEqual([dev, prod].map(({ warm }) => (warm === undefined ? "unset" : "set")));
  expect(rowOf("`shards`")).toEqual([shards, shards].map(({ length }) => String(length)));
  expect(rowOf("`openPerPatient`")[1]).toBe(String(writePathDefaults.openPerPatient));
  expect(rowOf("`lanes`, `restRounds`")[1]).toMatch(new RegExp(`, ${restRounds}$`));
});
