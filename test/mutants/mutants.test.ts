import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { changedText } from "../support/project-copy.ts";
import { allMutants } from "./all-mutants.ts";
import { rowsOf, tableOf, withTable } from "./mutant-table.ts";

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the mutants", () => {
  test("have names of their own, and break every guarantee", () => {
    const names = allMutants.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const broken = new Set(allMutants.map(({ guarantee }) => guarantee));
    expect([...broken]).toEqual(["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8"]);
  });

  test.for(allMutants)("$name changes the source as it is", (mutant) => {
    const text = textOf(mutant.file);
    expect(changedText(text, mutant)).not.toBe(text);
    expect(textOf(mutant.suite)).toContain("test");
  });

  test("are in the table of docs/guarantees.md, each once: npm run mutants -- --write", () => {
    const rows = allMutants.map(({ guarantee, name, file }) => [guarantee, name, file]);
    expect(rowsOf(textOf("docs/guarantees.md"))).toEqual(rows);
  });
});

/** What of a page is not its table. */
const rest = (page: string): readonly string[] => page.split(/<!-- .*? -->/).filter((_, part) => part !== 1);

describe("the table", () => {
  const [mutant] = allMutants;
  const by = { file: "test/unit/x.test.ts", name: "a | b", status: "failed" };
  const table = tableOf(mutant === undefined ? [] : [{ mutant, by }]);

  test("takes the place of the one before, and nothing else of the page", () => {
    const page = textOf("docs/guarantees.md");
    const other = withTable(page, table);
    expect(rowsOf(other)).toEqual([[mutant?.guarantee, mutant?.name, mutant?.file]]);
    expect(other).toContain("a \\| b");
    expect(rest(other)).toEqual(rest(page));
  });

  test("needs its marks", () => {
    expect(() => withTable("no marks", table)).toThrow(/has not once/);
  });
});
