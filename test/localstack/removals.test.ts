import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { changedText } from "../support/project-copy.ts";
import { suiteOf } from "./removal.ts";
import { removals, spared } from "./removals.ts";

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the conditions that are taken away", () => {
  test("have names of their own on each engine", () => {
    const names = removals.map(({ engine, condition }) => `${engine} ${condition}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test.for(removals)("$engine: $condition stands in its file, and has a suite", (removal) => {
    const text = textOf(removal.file);
    expect(changedText(text, removal)).not.toBe(text);
    expect(textOf(suiteOf(removal))).toMatch(/test|Contract/);
  });

  test.for(spared)("what is spared stands: $text", ({ file, text }) => {
    expect(textOf(file)).toContain(text);
  });
});
