import { readFileSync, writeFileSync } from "node:fs";
import { ownPrices, readPrices } from "../../infra/aws/cost/prices.ts";
import { billOf, goalText } from "../../infra/aws/cost/report.ts";
import { chargedFor, readCounts, type Counts } from "../../infra/aws/cost/request-counts.ts";

const countsFile = new URL("../../infra/aws/cost/request-counts.json", import.meta.url);
const page = new URL("../../docs/performance.md", import.meta.url);

const marks = ["<!-- counted: begin -->", "<!-- counted: end -->"] as const;

const workload = {
  updates: 1e6,
  batch: 1,
  patients: 10_000,
  history: 100,
  readsPerUpdate: 0,
  polls: 0,
  traced: false,
} as const;

const rowOf = ([name, counts]: readonly [string, Counts]): string => {
  const { writeUnits, readUnits, s3Puts, s3Gets, sqsRequests } = chargedFor(counts);
  const cells = [writeUnits, readUnits, s3Puts, s3Gets, counts.requests["DeleteObjects"] ?? 0, sqsRequests];
  return `| ${name} | ${cells.join(" | ")} |`;
};

/** The part of docs/performance.md that follows from the counts. */
export const countedSection = (): string => {
  const { about: _, ...all } = JSON.parse(readFileSync(countsFile, "utf8")) as Record<string, Counts>;
  const goals = billOf(readCounts(), readPrices(ownPrices), workload).goals.map(goalText);
  const cases = Object.entries(all).toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return [
    "```",
    ...goals,
    "```",
    "",
    "| what | write units | read units | PUT, LIST | GET | DELETE | SQS |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...cases.map(rowOf),
  ].join("\n");
};

/** The same part as the page has it, without the alignment of its tables. */
export const writtenSection = (): string => {
  const text = readFileSync(page, "utf8");
  const [begin, end] = marks.map((mark) => text.indexOf(mark));
  return squeezed(text.slice((begin ?? 0) + marks[0].length, end));
};

/** How a table is aligned says nothing. */
export const squeezed = (text: string): string =>
  text
    .replaceAll(/ *\| */g, "|")
    .replaceAll(/-{2,}/g, "--")
    .trim();

export const writeSection = (): void => {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(marks[0]);
  const after = rest.split(marks[1])[1] ?? "";
  writeFileSync(page, `${before}${marks[0]}\n\n${countedSection()}\n\n${marks[1]}${after}`);
};
