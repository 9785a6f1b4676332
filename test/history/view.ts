import type { Commit, Histories } from "./histories.ts";
import type { LedgerLine } from "./ledger.ts";

/** A change that somebody asked for: all requests with one key, and all that was ever answered about it. */
export interface Asked {
  readonly patient: string;
  /** The write itself, first sent first. */
  readonly lines: readonly LedgerLine[];
  /** Answers about its operation, from writes and status requests, in the order of their ends. */
  readonly answers: readonly LedgerLine[];
  readonly operation: string | null;
  /** When it was first sent, µs. */
  readonly start: number;
  /** When it was first known to be committed, µs; infinite while it never was. */
  readonly committedBy: number;
}

/** What the history of one patient is held against. */
export interface View {
  readonly patient: string;
  readonly commits: readonly Commit[];
  readonly asked: readonly Asked[];
  readonly reads: readonly LedgerLine[];
  /** Number of each commit, by its id. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Who asked for a commit, by its number; absent: nobody that the ledger knows. */
  readonly authors: ReadonlyMap<number, Asked>;
  /** Commit n became true at some time from `earliest[n]` to `latest[n]`, by what was asked and answered, µs. */
  readonly earliest: readonly number[];
  readonly latest: readonly number[];
  /** The commits that changed a path, in order. */
  readonly changesOf: ReadonlyMap<string, readonly Made[]>;
  /** The patients whose histories have a commit of this operation. */
  patientsWith(operation: string): readonly string[];
}

/** What commit `number` made of a path; null: it removed it. */
interface Made {
  readonly number: number;
  readonly blob: string | null;
}

/** How a message names a request. */
export const named = ({ client, seq }: LedgerLine): string => `request ${client}.${seq}`;

/** Outcome unknown: not answered, or answered with a fault of the service. */
export const isOpen = ({ status }: LedgerLine): boolean => status === null || status >= 500;

/** One view a patient, of all that the ledger or the histories name. */
export const viewsOf = (lines: readonly LedgerLine[], histories: Histories): readonly View[] => {
  const owners = ownersOf(histories);
  const asked = Map.groupBy(askedIn(lines), ({ patient }) => patient);
  const reads = Map.groupBy(
    lines.filter(({ route }) => route === "read-file" || route === "read-record"),
    ({ patient }) => patient,
  );
  const patients = new Set([...asked.keys(), ...reads.keys(), ...histories.keys()]);
  return Array.from(patients, (patient) =>
    viewOf({
      patient,
      commits: histories.get(patient) ?? [],
      asked: asked.get(patient) ?? [],
      reads: reads.get(patient) ?? [],
      patientsWith: (operation) => owners.get(operation) ?? [],
    }),
  );
};

const ownersOf = (histories: Histories): ReadonlyMap<string, readonly string[]> => {
  const owners = new Map<string, string[]>();
  for (const [patient, commits] of histories)
    for (const operation of commits.flatMap(({ operations }) => operations)) {
      const known = owners.get(operation);
      if (known === undefined) owners.set(operation, [patient]);
      else if (!known.includes(patient)) known.push(patient);
    }
  return owners;
};

const askedIn = (lines: readonly LedgerLine[]): readonly Asked[] => {
  const statuses = Map.groupBy(
    lines.filter(({ route }) => route === "status"),
    ({ operation }) => operation,
  );
  // Keys are the callers' own, and clients are different callers.
  const writes = Map.groupBy(
    lines.filter(({ key }) => key !== null),
    ({ client, key }) => `${client} ${key}`,
  );
  return Array.from(writes.values(), (own) => {
    const sent = own.toSorted((a, b) => a.start - b.start);
    const operation = sent.find((line) => line.operation !== null)?.operation ?? null;
    const told = operation === null ? [] : (statuses.get(operation) ?? []);
    const answers = [...sent, ...told].filter((line) => !isOpen(line)).toSorted((a, b) => a.end! - b.end!);
    const first = answers.find(({ state }) => state === "committed");
    const committedBy = first?.end ?? Number.POSITIVE_INFINITY;
    return { patient: sent[0]!.patient, lines: sent, answers, operation, start: sent[0]!.start, committedBy };
  });
};

const viewOf = (given: Pick<View, "patient" | "commits" | "asked" | "reads" | "patientsWith">): View => {
  const { commits } = given;
  const authors = authorsOf(given);
  const changesOf = new Map<string, Made[]>();
  for (const [number, { changes }] of commits.entries())
    for (const { path, after: blob } of changes) {
      const known = changesOf.get(path);
      if (known === undefined) changesOf.set(path, [{ number, blob }]);
      else known.push({ number, blob });
    }
  const earliest: number[] = [];
  const latest: number[] = [];
  for (const number of commits.keys())
    earliest[number] = Math.max(
      earliest[number - 1] ?? Number.NEGATIVE_INFINITY,
      authors.get(number)?.start ?? Number.NEGATIVE_INFINITY,
    );
  for (const number of Array.from(commits.keys()).toReversed())
    latest[number] = Math.min(
      latest[number + 1] ?? Number.POSITIVE_INFINITY,
      authors.get(number)?.committedBy ?? Number.POSITIVE_INFINITY,
    );
  const numbers = new Map(commits.map(({ id }, number) => [id, number]));
  return { ...given, authors, changesOf, earliest, latest, numbers };
};

/** By operation id; a request that was never answered is known by what it asked for. */
const authorsOf = ({ commits, asked }: Pick<View, "commits" | "asked">): ReadonlyMap<number, Asked> => {
  const byOperation = new Map(asked.map((one) => [one.operation, one]));
  const unanswered = asked.filter(({ operation, lines }) => operation === null && lines.some(isOpen));
  const authors = new Map<number, Asked>();
  const taken = new Set<Asked>();
  for (const [number, commit] of commits.entries()) {
    const known = commit.operations.map((operation) => byOperation.get(operation)).find((one) => one !== undefined);
    const one = known ?? unanswered.find((other) => !taken.has(other) && couldBe(commit, other));
    if (one === undefined) continue;
    taken.add(one);
    authors.set(number, one);
  }
  return authors;
};

const couldBe = ({ changes, parents }: Commit, { lines: [line] }: Asked): boolean => {
  if (line === undefined) return false;
  if (line.route === "create") return parents.length === 0;
  return (
    changes.length === line.files.length &&
    changes.every(({ path, after }) => line.files.some((file) => file.path === path && file.sent === after))
  );
};

/** The blob of a path in the state that commit `number` left; null: no such file. */
export const blobAfter = ({ changesOf }: View, path: string, number: number): string | null => {
  const made = changesOf.get(path) ?? [];
  let [low, high] = [0, made.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (made[middle]!.number <= number) low = middle + 1;
    else high = middle;
  }
  return made[low - 1]?.blob ?? null;
};
