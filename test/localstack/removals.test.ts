import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { changedText } from "../support/project-copy.ts";
import { suiteOf } from "./removal.ts";
import { removals, spared } from "./removals.ts";

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const isWithin = (at: number, from: number, part: string): boolean => from <= at && at < from + part.length;

/** Whether the condition at this place of a file is taken away by a removal, or spared. */
const isListed = (file: string, text: string, at: number): boolean =>
  removals
    .filter((removal) => removal.file === file)
    .some(({ from, taken }) => isWithin(at, text.indexOf(from) + from.indexOf(taken), taken)) ||
  spared.filter((one) => one.file === file).some((one) => isWithin(at, text.indexOf(one.text), one.text));

const isKey = /^(?:patient_id|id|queue|name|number|system|value|operation_id|request_hash) = \?\d*$/;

/** Comparisons of the writes in a file, apart from those of keys; what a write sets is none. */
const conditionsOf = (text: string) =>
  [...text.matchAll(/\b(?:UPDATE \w+ SET|DELETE FROM|INSERT INTO)\b[^`"]*/g)].flatMap((statement) => {
    const write = statement[0].replaceAll(/\bSET\b.*?(?:\bWHERE\b|\bRETURNING\b|$)/gs, (set) => " ".repeat(set.length));
    const after = Math.max(write.search(/\bWHERE\b/), 0);
    return [...write.matchAll(/(?:\$\{\w+\}|[\w.]+) (?:=|IS|<=|>=|<|>) (?:\?\d*|\d+|'\w+'|[\w.]+)/g)]
      .filter(({ 0: found, index }) => (index > after || write !== statement[0]) && !isKey.test(found))
      .map(({ 0: found, index }) => ({ found, at: statement.index + index }));
  });

/** The migration runs once, before there is a store. */
const sqliteFiles = globSync("infra/local/sqlite/*.ts", {
  cwd: new URL("../..", import.meta.url),
  exclude: ["**/migrate.ts"],
});

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

  test.for(sqliteFiles)("are those of every write in %s", (file) => {
    const text = textOf(file);
    const missing = conditionsOf(text).filter(({ at }) => !isListed(file, text, at));
    expect(missing.map(({ found }) => found)).toEqual([]);
  });

  test.for(spared)("what is spared stands: $text", ({ file, text }) => {
    expect(textOf(file)).toContain(text);
  });
});
