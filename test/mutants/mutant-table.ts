import type { Told } from "../support/project-copy.ts";
import type { Mutant } from "./mutant.ts";

/** A mutant and the first test that failed because of it. */
export interface Caught {
  readonly mutant: Mutant;
  readonly by: Told;
}

const opening = "<!-- mutants: written by `npm run mutants -- --write` -->";
const closing = "<!-- end of mutants -->";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "\\<");

/** A Markdown table, a row a mutant. */
export const tableOf = (caught: readonly Caught[]): string =>
  [
    "| breaks | mutant | in | first test that failed |",
    "| --- | --- | --- | --- |",
    ...caught.map(
      ({ mutant: { guarantee, name, file }, by }) =>
        `| ${guarantee} | ${name} | \`${file}\` | \`${by.file}\`: ${cell(by.name)} |`,
    ),
  ].join("\n");

/** The page with another table between its two marks. Throws an Error for a page without them. */
export const withTable = (page: string, table: string): string => {
  const [before, rest, ...more] = page.split(opening);
  const [, after, ...others] = rest?.split(closing) ?? [];
  if (before === undefined || after === undefined || more.length + others.length > 0)
    throw new Error(`the page has not once ${opening} and then ${closing}`);
  return `${before}${opening}\n\n${table}\n\n${closing}${after}`;
};

/** What the page's table tells of each mutant: guarantee, name and file. */
export const rowsOf = (page: string): readonly (readonly string[])[] =>
  (page.split(opening)[1]?.split(closing)[0] ?? "")
    .split("\n")
    .filter((line) => /^\| G\d/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, 4)
        .map((text) => text.trim().replaceAll("`", "")),
    );
