import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { entryList, functionPlans } from "../../infra/aws/function-plans.ts";
import { synthesized } from "./synthesized.ts";

const { templateOf, dispose } = synthesized();
afterAll(dispose);

const text = readFileSync(new URL("../../docs/alarms.md", import.meta.url), "utf8");
const perFunction = new RegExp(`-(?:${entryList.join("|")})$`);

/** Alarms of the template by the name their description leads to, with when they ring. */
const alarms = Object.values(templateOf("prod", "Service").findResources("AWS::CloudWatch::Alarm")).map(
  ({ Properties }) => ({
    name: /docs\/alarms\.md, (.+)$/.exec(Properties.AlarmDescription)![1]!,
    rule: `above ${Properties.Threshold} for ${Properties.EvaluationPeriods} minute`,
  }),
);

/** The runbook's own name for an alarm: one page for all functions, but those that have a page of their own. */
const pageOf = (name: string): string => (text.includes(`\n## ${name}\n`) ? name : name.replace(perFunction, "-NAME"));

test("every alarm has a row that says when it rings, and every row an alarm", () => {
  expect(alarms.length).toBeGreaterThan(entryList.length * 2);
  const rows = new Map(
    [...text.matchAll(/^\| `([\w-]+)` +\| (above \d+ for \d+ minute)/gm)].map(([, name, rule]) => [name, rule]),
  );
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(alarms.map(({ name, rule }) => [pageOf(name), rule])));
});

test("what runs less often than each minute rings with its first failure: three in a row would never come", () => {
  const rare = entryList.filter((name) => (functionPlans[name].everyMinutes ?? 1) > 1);
  expect(rare.toSorted()).toEqual(["collect", "compact"]);
  for (const name of rare) expect(alarms).toContainEqual({ name: `Errors-${name}`, rule: "above 0 for 1 minute" });
  expect(alarms).toContainEqual({ name: "Errors-commit", rule: "above 0 for 3 minute" });
});

test("every alarm has a page with a first look and a command", () => {
  for (const page of new Set(alarms.map(({ name }) => pageOf(name)))) {
    const [, section = ""] = text.split(`\n## ${page}\n`);
    const [own] = section.split(/\n## /);
    expect([page, own]).toEqual([page, expect.stringMatching(/First look: [^]*```bash\n[^]+```/)]);
  }
});

test("the page about errors says of every function who notices", () => {
  const [, section = ""] = text.split("\n## Errors-NAME\n");
  for (const name of entryList) expect(section.split(/\n## /)[0]).toContain(`\`${name}\``);
});
