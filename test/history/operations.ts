import { type Asked, blobAfter, isOpen, named, type View } from "./view.ts";

type Rule = (view: View) => Iterable<string>;

const isCommitted = ({ committedBy }: Asked): boolean => Number.isFinite(committedBy);

/** An operation that was answered as committed is in the history of its patient. */
const lost: Rule = function* (view) {
  const present = new Set(view.commits.flatMap(({ operations }) => operations));
  for (const asked of view.asked)
    if (isCommitted(asked) && !present.has(asked.operation!))
      yield `operation ${asked.operation} was answered as committed and is not in the history`;
};

/** An operation is one commit. */
const twice: Rule = function* ({ commits }) {
  const seen = new Set<string>();
  for (const [number, { id, operations }] of commits.entries())
    for (const one of [id, ...operations]) {
      if (seen.has(one)) yield `commit ${id} (number ${number}) is the second one of ${one}`;
      seen.add(one);
    }
};

/** An operation is in the history of its own patient only. */
const elsewhere: Rule = function* ({ patient, asked, patientsWith }) {
  for (const { operation } of asked)
    for (const other of operation === null ? [] : patientsWith(operation))
      if (other !== patient) yield `operation ${operation} is in the history of patient ${other}`;
};

/** Each commit is one that somebody asked for. */
const unaccounted: Rule = function* ({ commits, authors }) {
  for (const [number, { id, operations }] of commits.entries())
    if (!authors.has(number)) yield `commit ${id} with operation ${operations.join()} is nobody's`;
};

/** What was refused is not in the history: not its operation, and not what it would have written. */
const refused: Rule = function* (view) {
  const { asked, commits, authors } = view;
  const senders = sendersOf(asked);
  const numbers = new Map(Array.from(authors, ([number, author]) => [author, number]));
  for (const one of asked) {
    const last = one.answers.at(-1);
    if (last === undefined || one.lines.some(isOpen) || isCommitted(one)) continue;
    if (last.state === "queued" || last.state === "parked") continue;
    const number = numbers.get(one) ?? writtenBy(view, one, senders);
    if (number !== undefined) yield `${named(last)} was answered ${last.status} and is commit ${commits[number]!.id}`;
  }
};

const fileKey = (path: string, sent: string | null): string => `${sent} ${path}`;

/** How many changes would write these bytes to this path. */
const sendersOf = (asked: readonly Asked[]): ReadonlyMap<string, number> => {
  const senders = new Map<string, number>();
  for (const { lines } of asked)
    for (const { path, sent } of lines[0]!.files)
      senders.set(fileKey(path, sent), (senders.get(fileKey(path, sent)) ?? 0) + 1);
  return senders;
};

const writtenBy = ({ changesOf }: View, { lines }: Asked, senders: ReadonlyMap<string, number>): number | undefined => {
  for (const { path, sent } of lines[0]!.files) {
    if (sent === null || senders.get(fileKey(path, sent)) !== 1) continue;
    const made = changesOf.get(path)?.find(({ blob }) => blob === sent);
    if (made !== undefined) return made.number;
  }
  return undefined;
};

/** The commit that an answer names is the operation's. */
const answer: Rule = function* ({ asked, commits, numbers }) {
  for (const { answers, operation } of asked)
    for (const line of answers) {
      if (line.state !== "committed") continue;
      const commit = commits[numbers.get(line.commit ?? "") ?? -1];
      if (commit === undefined) yield `${named(line)} names commit ${line.commit}, which the history does not have`;
      else if (!commit.operations.includes(operation!))
        yield `${named(line)} names commit ${line.commit}, which is another operation's than ${operation}`;
    }
};

/** A commit holds what was sent, and changes nothing else; the tag answered is the file's. */
const content: Rule = function* (view) {
  const { commits, authors } = view;
  for (const [number, { lines, answers }] of authors) {
    const { id, changes } = commits[number]!;
    const [line] = lines;
    if (line === undefined || line.route === "create") continue;
    const files = new Map(line.files.map(({ path, sent }) => [path, sent]));
    const differs =
      changes.some(({ path }) => !files.has(path)) ||
      line.files.some(({ path, sent }) => blobAfter(view, path, number) !== sent);
    if (differs) yield `commit ${id} is not what ${named(line)} sent`;
    if (line.route !== "put") continue;
    const other = answers.find(
      ({ state, etag }) => state === "committed" && etag !== null && etag !== files.values().next().value,
    );
    if (other !== undefined) yield `${named(other)} was answered with a tag that is not of what ${named(line)} sent`;
  }
};

/** What was known to be committed before another was asked for comes before it. */
const realTime: Rule = function* ({ commits, authors, latest }) {
  for (const [number, { start, lines }] of authors)
    if ((latest[number + 1] ?? Number.POSITIVE_INFINITY) < start)
      yield `commit ${commits[number]!.id} of ${named(lines[0]!)} comes before one that was answered before that was sent`;
};

/** A guarded change was made to the state that its guard names. */
const precondition: Rule = function* (view) {
  for (const [number, { lines }] of view.authors)
    for (const { path, base } of lines[0]!.files)
      if (base !== undefined && blobAfter(view, path, number - 1) !== base)
        yield `commit ${view.commits[number]!.id} was made to another state than ${named(lines[0]!)} named`;
};

/** All answers to one key are of one operation, which ends once; who repeats an answered request hears of it. */
const oneEnd: Rule = function* ({ asked }) {
  for (const { answers, operation } of asked) {
    const first = answers.find((line) => line.operation !== null);
    let end: (typeof answers)[number] | undefined;
    for (const line of answers) {
      if (line.operation === null && first !== undefined && line.start > first.end!)
        yield `${named(line)} was answered ${line.status}, as if ${named(first)} had not been answered with ${operation}`;
      if (line.operation !== null && line.operation !== operation)
        yield `${named(line)} was answered with operation ${line.operation} for the key of ${operation}`;
      const isEnd = line.state === "committed" || (line.state === "rejected" && line.operation !== null);
      const differs = end !== undefined && isEnd && (end.state !== line.state || end.commit !== line.commit);
      if (differs) yield `operation ${operation} ended twice: ${named(end!)} and ${named(line)} differ`;
      if (isEnd) end ??= line;
    }
  }
};

/** What was accepted has ended. */
const unsettled: Rule = function* ({ asked }) {
  for (const { answers, operation } of asked)
    if (answers.length > 0 && answers.every(({ state }) => state === "queued"))
      yield `operation ${operation} was accepted, and no answer says what became of it`;
};

/** A history is one chain. */
const chain: Rule = function* ({ commits }) {
  for (const [number, { id, parents, operations }] of commits.entries()) {
    const expected = number === 0 ? "" : commits[number - 1]!.id;
    if (parents.join() !== expected) yield `commit ${id} (number ${number}) does not follow the one before it`;
    if (operations.length !== 1) yield `commit ${id} has ${operations.length} operation ids`;
  }
};

/** What must hold of operations and commits. */
export const operationRules: Readonly<Record<string, Rule>> = {
  lost,
  twice,
  elsewhere,
  unaccounted,
  refused,
  answer,
  content,
  "real-time": realTime,
  precondition,
  "one-end": oneEnd,
  unsettled,
  chain,
};
