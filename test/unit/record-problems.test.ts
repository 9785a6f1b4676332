import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { writePathDefaults } from "../../functions/config.ts";
import { problems } from "../../shared/errors.ts";

const page = readFileSync(new URL("../../docs/problems.md", import.meta.url), "utf8");
const sections = page.split(/^## /m).slice(1);
const entries = new Map(
  sections.flatMap((section) =>
    section
      .split(/^### /m)
      .slice(1)
      .map(
        (entry) => [/^`([a-z-]+)`\n/.exec(entry)?.[1] ?? entry, { heading: section.split("\n")[0]!, entry }] as const,
      ),
  ),
);

describe("docs/problems.md", () => {
  test.for(Object.entries(problems))("has an entry for %s, under its status", ([code, { status }]) => {
    expect(entries.get(code)?.heading).toContain(String(status));
    expect(entries.get(code)?.entry.split("\n\n").slice(1).join("").length).toBeGreaterThan(60);
  });

  test("tells the limit of open operations that there is", () => {
    expect(entries.get("too-many-operations")?.entry).toContain(
      `This patient has as many open operations as are allowed (${writePathDefaults.openPerPatient})`,
    );
  });

  test("has no entry for a code that is not", () => {
    expect([...entries.keys()].filter((code) => !(code in problems))).toEqual([]);
  });
});
