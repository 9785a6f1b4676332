/** What a figure is held to; `check` makes the bench fail, since no busy machine excuses it. */
interface Target {
  readonly at: "least" | "most";
  readonly value: number;
  readonly check?: boolean;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
  /** How it was measured, or what else was seen. */
  readonly note?: string;
}

/** Whether a figure meets its target; null where it has none. */
const isMet = ({ value, target }: Figure): boolean | null => {
  if (target === undefined) return null;
  return target.at === "least" ? value >= target.value : value <= target.value;
};

/** Figures that no machine's load excuses: counts and ratios. */
export const violations = (figures: readonly Figure[]): readonly Figure[] =>
  figures.filter((figure) => figure.target?.check === true && isMet(figure) === false);

const digits = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 });

const withUnit = (value: number, unit: string): string => `${digits(value)} ${unit}`.trim();

const targetText = ({ target, unit }: Figure): string => {
  if (target === undefined) return "";
  return `${target.at === "least" ? "≥" : "≤"} ${withUnit(target.value, unit)}`;
};

const verdict = (figure: Figure): string => {
  const met = isMet(figure);
  return met === null ? "" : met ? "met" : "missed";
};

const rowOf = (figure: Figure): readonly string[] => [
  figure.name,
  targetText(figure),
  withUnit(figure.value, figure.unit),
  verdict(figure),
  figure.note ?? "",
];

const headings = ["", "target", "measured", "", "note"] as const;

/** A table for a terminal. */
export const tableOf = (figures: readonly Figure[]): string => {
  const rows = [headings, ...figures.map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** The same table in Markdown, for docs/performance.md. */
export const markdownOf = (figures: readonly Figure[]): string =>
  [["what", "target", "measured", "", "note"], ["---", "--:", "--:", "---", "---"], ...figures.map(rowOf)]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
