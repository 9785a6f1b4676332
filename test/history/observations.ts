import type { LedgerLine } from "./ledger.ts";
import { named, type View } from "./view.ts";

/** A stretch of the history in which something looked as it was seen: from commit `from` to before commit `until`. */
interface Span {
  /** -1: before the first commit. */
  readonly from: number;
  /** Infinite: to the end. */
  readonly until: number;
}

/** Something of a record that an answer told, and the time in which it was looked at, µs. */
interface Seen {
  readonly line: LedgerLine;
  readonly start: number;
  readonly end: number;
  readonly spans: readonly Span[];
}

const readsOf = (view: View): readonly Seen[] =>
  view.reads.flatMap((line): readonly Seen[] => {
    if (line.end === null || (line.status !== 200 && line.status !== 404)) return [];
    const spans =
      line.route === "read-file" ? spansOfFile(view, line.files[0]!.path, line.etag) : spansOfRecord(view, line);
    return [{ line, start: line.start, end: line.end, spans }];
  });

const spansOfRecord = ({ numbers }: View, { status, commit }: LedgerLine): readonly Span[] => {
  if (status === 404) return [{ from: -1, until: 0 }];
  const from = numbers.get(commit ?? "");
  return from === undefined ? [] : [{ from, until: from + 1 }];
};

const spansOfFile = ({ changesOf, commits }: View, path: string, blob: string | null): readonly Span[] => {
  const made = [{ number: -1, blob: null }, ...(changesOf.get(path) ?? [])];
  return made.flatMap((one, at) => {
    if (one.blob !== blob) return [];
    const until = made[at + 1]?.number ?? Number.POSITIVE_INFINITY;
    return [{ from: one.number, until: until >= commits.length ? Number.POSITIVE_INFINITY : until }];
  });
};

const isTooEarly = ({ earliest }: View, { from }: Span, { end }: Seen): boolean =>
  (earliest[from] ?? Number.NEGATIVE_INFINITY) > end;

const isTooLate = ({ latest }: View, { until }: Span, { start }: Seen): boolean =>
  (latest[until] ?? Number.POSITIVE_INFINITY) < start;

type Doubt = "never" | "future" | "stale";

/** Why something cannot have been seen when it was; undefined when it can. */
const doubtOf = (view: View, seen: Seen): Doubt | undefined => {
  const { spans } = seen;
  if (spans.length === 0) return "never";
  if (spans.some((span) => !isTooEarly(view, span, seen) && !isTooLate(view, span, seen))) return undefined;
  return spans.every((span) => isTooEarly(view, span, seen)) ? "future" : "stale";
};

const readsIn = (doubt: Doubt, text: string) =>
  function* (view: View): Iterable<string> {
    for (const seen of readsOf(view)) if (doubtOf(view, seen) === doubt) yield `${named(seen.line)} read ${text}`;
  };

/** What a 412 calls current was so at some moment of its request. */
const current = function* (view: View): Iterable<string> {
  for (const { lines, start } of view.asked)
    for (const line of lines) {
      if (line.current === undefined || line.end === null) continue;
      if (line.route !== "put" && line.route !== "delete") continue;
      const spans = spansOfFile(view, line.files[0]!.path, line.current);
      const doubt = doubtOf(view, { line, start, end: line.end, spans });
      if (doubt !== undefined) yield `${named(line)} was told a current tag that was not (${doubt})`;
    }
};

/** What one reader has seen, who begins to read later does not miss. */
const wentBack = function* (view: View): Iterable<string> {
  const reads = readsOf(view).filter((seen) => doubtOf(view, seen) === undefined);
  const ended = reads.toSorted((a, b) => a.end - b.end);
  let next = 0;
  let known = -1;
  let by: LedgerLine | undefined;
  for (const seen of reads.toSorted((a, b) => a.start - b.start)) {
    for (; next < ended.length && ended[next]!.end < seen.start; next += 1) {
      const at = firstPossible(view, ended[next]!);
      if (at > known) [known, by] = [at, ended[next]!.line];
    }
    if (!seen.spans.some((span) => span.until > known && !isTooEarly(view, span, seen)))
      yield `${named(seen.line)} read what was gone when ${named(by!)} was answered`;
  }
};

const firstPossible = (view: View, seen: Seen): number =>
  Math.min(...seen.spans.filter((span) => !isTooLate(view, span, seen)).map(({ from }) => from));

/** The bytes of a file are those that its tag names. */
const bytes = function* ({ reads }: View): Iterable<string> {
  for (const line of reads)
    if (line.got !== undefined && line.got !== line.etag) yield `${named(line)} got other bytes than its tag names`;
};

/** What must hold of what clients were told of a record. */
export const observationRules: Readonly<Record<string, (view: View) => Iterable<string>>> = {
  "read-never": readsIn("never", "what is not in the history"),
  "read-future": readsIn("future", "what was only sent after it was answered"),
  "read-stale": readsIn("stale", "what was known to be gone before it was sent"),
  current,
  "went-back": wentBack,
  bytes,
};
