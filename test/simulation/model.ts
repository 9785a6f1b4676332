import type { Settlement } from "../../shared/head.ts";
import type { Operation, Outcome } from "../../shared/operation.ts";
import {
  blobId,
  demographicsPath,
  demographicsText,
  type Intent,
  type IntendedChange,
  statusPath,
  statusText,
} from "./intent.ts";

/** Something that the service promised never to do. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export const must = (condition: boolean, what: string): void => {
  if (!condition) throw new Violation(what);
};

/** A record, as plain as can be: content by path. */
interface Version {
  /** When it became the head, and until when it was. */
  readonly from: number;
  until: number;
  /** Null: there is no such patient. */
  readonly commit: string | null;
  readonly files: ReadonlyMap<string, string>;
  readonly isOpen: boolean;
}

interface Record {
  readonly versions: Version[];
  /** Operation ids, in order. */
  readonly history: string[];
  readonly commits: string[];
  identifiers: readonly string[];
}

interface Known {
  readonly patientId: string;
  readonly intent: Intent;
  row: "none" | "queued" | "parked" | "committed" | "rejected";
  attempt: number;
  outcome?: Outcome;
  /** The first final answer that a client got. */
  told?: string;
}

/** What a request makes of a version: a refusal's code, or the next files. */
type Verdict =
  | string
  | { readonly files: ReadonlyMap<string, string>; readonly isOpen: boolean; readonly identifiers: readonly string[] };

const isTwin = (path: string) => (other: string) => other !== path && other.toLowerCase() === path.toLowerCase();

/** The files once a change set is made, or the refusal's code. */
const changed = ({ files }: Version, changes: readonly IntendedChange[]): string | ReadonlyMap<string, string> => {
  const tag = (path: string): string | null => (files.has(path) ? blobId(files.get(path)!) : null);
  if (changes.some(({ path, ifMatch }) => ifMatch !== undefined && ifMatch !== tag(path))) return "precondition-failed";
  if (changes.some(({ path, content }) => content === null && !files.has(path))) return "not-found";
  const next = new Map(files);
  for (const { path, content } of changes) if (content === null) next.delete(path);
  for (const { path, content } of changes) {
    if (content !== null && !files.has(path) && [...next.keys()].some(isTwin(path))) return "path-conflict";
  }
  for (const { path, content } of changes) if (content !== null) next.set(path, content);
  return next;
};

/** The file that the entity tag of an outcome is about; null: the record. */
const targetOf = (intent: Intent): string | null => {
  if (intent.kind === "file") return intent.change.path;
  return intent.kind === "demographics" ? demographicsPath : intent.kind === "status" ? statusPath : null;
};

/**
 * The reference model: what a record service may do, without queue, lease, segment or crash. It is told each thing at the
 * moment at which it becomes true, and throws a Violation when that is not allowed.
 */
export const createModel = (now: () => number) => {
  const records = new Map<string, Record>();
  const operations = new Map<string, Known>();
  const owners = new Map<string, string>();
  /** Identifiers that a patient had, and until when: a refusal may speak of a moment before. */
  const formerly: { readonly identifier: string; readonly patientId: string; readonly until: number }[] = [];
  let refusedThenCommitted = 0;

  const recordOf = (patientId: string): Record => {
    const found = records.get(patientId);
    if (found !== undefined) return found;
    const none = { from: 0, until: Infinity, commit: null, files: new Map<string, string>(), isOpen: true };
    const record: Record = { versions: [none], history: [], commits: [], identifiers: [] };
    records.set(patientId, record);
    return record;
  };
  const knownOf = (id: string): Known => {
    const known = operations.get(id);
    if (known === undefined) throw new Violation(`operation ${id} was never asked for`);
    return known;
  };

  const isTaken = (identifier: string, patientId: string): boolean =>
    (owners.get(identifier) ?? patientId) !== patientId;

  /** The rules of a record; identifiers of others are looked at apart. */
  const judge = (version: Version, patientId: string, intent: Intent): Verdict => {
    const { files, commit, isOpen } = version;
    const same = { isOpen, identifiers: recordOf(patientId).identifiers };
    if (intent.kind === "create") {
      if (commit !== null) return "patient-exists";
      const { family, identifiers } = intent;
      const created = [
        [demographicsPath, demographicsText(family, identifiers)],
        [statusPath, statusText(patientId, true)],
      ] as const;
      return { files: new Map(created), isOpen: true, identifiers };
    }
    if (commit === null) return "not-found";
    const one = (path: string, { content, ifMatch }: { content: string; ifMatch: string }): Verdict => {
      const next = changed(version, [{ path, content, ifMatch }]);
      return typeof next === "string" ? next : { ...same, files: next };
    };
    if (intent.kind === "status") {
      const next = one(statusPath, intent);
      return typeof next === "string" ? next : { ...next, isOpen: intent.isOpen };
    }
    if (!isOpen) return "record-closed";
    if (intent.kind === "demographics") {
      const next = one(demographicsPath, intent);
      return typeof next === "string" ? next : { ...next, identifiers: intent.identifiers };
    }
    if (intent.kind === "changes" && intent.expectedCommit !== undefined && intent.expectedCommit !== commit) {
      return "precondition-failed";
    }
    const next = changed({ ...version, files }, intent.kind === "file" ? [intent.change] : intent.changes);
    return typeof next === "string" ? next : { ...same, files: next };
  };

  const claims = (patientId: string, verdict: Exclude<Verdict, string>): readonly string[] =>
    verdict.identifiers.filter((one) => !recordOf(patientId).identifiers.includes(one));

  const own = (patientId: string, identifiers: readonly string[]): void => {
    const record = recordOf(patientId);
    for (const one of record.identifiers) {
      if (identifiers.includes(one)) continue;
      owners.delete(one);
      formerly.push({ identifier: one, patientId, until: now() });
    }
    for (const one of identifiers) owners.set(one, patientId);
    record.identifiers = identifiers;
  };

  const checkRefused = (version: Version, known: Known, { operationId, problem }: Outcome): void => {
    const { patientId, intent } = known;
    const verdict = judge(version, patientId, intent);
    if (problem?.code === "identifier-in-use" && typeof verdict !== "string") {
      const was = (one: string): boolean =>
        formerly.some((former) => former.identifier === one && former.patientId !== patientId);
      const wasTaken = claims(patientId, verdict).some((one) => isTaken(one, patientId) || was(one));
      must(wasTaken, `${operationId} was refused for an identifier that nobody had`);
      return;
    }
    const expected = typeof verdict === "string" ? verdict : "a commit";
    must(verdict === problem?.code, `${operationId} was refused as ${problem?.code} where the rules say ${expected}`);
  };

  const checkCommitted = (version: Version, known: Known, outcome: Outcome): Version => {
    const { patientId, intent } = known;
    const { operationId, commit, etag } = outcome;
    const verdict = judge(version, patientId, intent);
    if (typeof verdict === "string") throw new Violation(`${operationId} was committed where the rules say ${verdict}`);
    const taken = claims(patientId, verdict).filter((one) => isTaken(one, patientId));
    must(taken.length === 0, `${operationId} was committed with an identifier of another patient`);
    const record = recordOf(patientId);
    must(commit !== null && !record.commits.includes(commit), `${operationId} has no commit of its own`);
    const path = targetOf(intent);
    const content = path === null ? undefined : verdict.files.get(path);
    const tag = path === null ? commit : content === undefined ? null : blobId(content);
    must(etag === tag, `${operationId} has another entity tag than what it wrote`);
    own(patientId, verdict.identifiers);
    record.history.push(operationId);
    record.commits.push(commit!);
    return { from: now(), until: Infinity, commit, files: verdict.files, isOpen: verdict.isOpen };
  };

  const settled = ({ patientId, expected, head, outcomes }: Settlement): void => {
    const record = recordOf(patientId);
    const before = record.versions.at(-1)!;
    must(before.commit === expected, `${patientId} was settled on a commit that is not its head`);
    let version = before;
    for (const outcome of outcomes) {
      const known = knownOf(outcome.operationId);
      must(known.patientId === patientId, `${outcome.operationId} was settled for another patient`);
      must(known.row === "queued" && known.attempt === outcome.attempt, `${outcome.operationId} was settled twice`);
      must(outcome.state !== "parked", `${outcome.operationId} was parked by a settlement`);
      if (outcome.state === "committed") version = checkCommitted(version, known, outcome);
      else checkRefused(version, known, outcome);
      known.row = outcome.state;
      known.outcome = outcome;
      if (known.told?.startsWith("refused") && outcome.state === "committed") refusedThenCommitted += 1;
    }
    must((head?.commit ?? expected) === version.commit, `${patientId} has a head that no operation committed`);
    must(head === null || head.commits === record.commits.length, `${patientId} counts its commits wrongly`);
    if (head === null) return;
    before.until = now();
    record.versions.push(version);
  };

  /** A client's view of an operation, whoever shows it: what is final stays. */
  const told = (
    id: string,
    view: { state: string; commit: string | null; etag: string | null; code: string | null },
  ): void => {
    const known = knownOf(id);
    must(known.row !== "none", `${id} was accepted and is not there`);
    if (view.state !== "committed" && view.state !== "rejected") return;
    const text = JSON.stringify([view.state, view.commit, view.etag, view.code]);
    const { outcome } = known;
    const true_ = JSON.stringify([
      known.row,
      outcome?.commit ?? null,
      outcome?.etag ?? null,
      outcome?.problem?.code ?? null,
    ]);
    must(text === true_, `a client was told ${text} of ${id}, and ${true_} is true`);
    must(known.told === undefined || known.told.startsWith("refused") || known.told === text, `${id} has two outcomes`);
    known.told = text;
  };

  const versionsBetween = (patientId: string, from: number): readonly Version[] =>
    recordOf(patientId).versions.filter(({ until }) => until >= from);

  return {
    records,
    operations,
    owners,
    refusedThenCommitted: () => refusedThenCommitted,
    /** A client is about to ask for this, perhaps several times. */
    asked: (id: string, patientId: string, intent: Intent): void => {
      operations.set(id, { patientId, intent, row: "none", attempt: 1 });
    },
    inserted: ({ id, patientId, attempt, state }: Operation): void => {
      const known = knownOf(id);
      must(known.row === "none" && state === "queued" && attempt === 1, `${id} was inserted twice`);
      must(known.patientId === patientId, `${id} was inserted for another patient`);
      known.row = "queued";
    },
    settled,
    parked: ({ id, attempt }: Operation): void => {
      const known = knownOf(id);
      must(known.row === "queued" && known.attempt === attempt, `${id} was parked and is ${known.row}`);
      known.row = "parked";
    },
    redriven: ({ id, attempt }: Operation): void => {
      const known = knownOf(id);
      must(known.row === "parked" && attempt === known.attempt + 1, `${id} was redriven and is ${known.row}`);
      known.row = "queued";
      known.attempt = attempt;
    },
    dismissed: ({ id, attempt, problem, settledAt }: Operation): void => {
      const known = knownOf(id);
      must(known.row === "parked", `${id} was dismissed and is ${known.row}`);
      known.row = "rejected";
      const nothing = { commit: null, resource: null, etag: null };
      known.outcome = { operationId: id, attempt, state: "rejected", settledAt: settledAt ?? "", ...nothing, problem };
    },
    told,
    /** A client was refused without an operation: at some moment of its request, since `from`, that was right. */
    refusedAtDoor: (id: string, code: string, from: number): void => {
      const known = knownOf(id);
      const { patientId, intent } = known;
      const isRight = (version: Version): boolean => judge(version, patientId, intent) === code;
      must(
        code === "too-many-operations" || versionsBetween(patientId, from).some(isRight),
        `${id} was refused at the door as ${code} without reason`,
      );
      known.told ??= "refused";
    },
    /** A client read a file: content and tag (null: no such file; no patient: undefined) of one version since `from`. */
    read: (patientId: string, path: string, { from, content }: { from: number; content: string | null }): void => {
      const shows = ({ files }: Version): boolean => (files.get(path) ?? null) === content;
      must(versionsBetween(patientId, from).some(shows), `a client read a ${path} that ${patientId} did not have`);
    },
    readCommit: (patientId: string, from: number, commit: string | null): void =>
      must(
        versionsBetween(patientId, from).some((version) => version.commit === commit),
        `a client read a commit that ${patientId} did not have`,
      ),
  };
};

export type Model = ReturnType<typeof createModel>;
