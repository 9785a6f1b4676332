import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startService } from "../support/service.ts";
import { checkHistories, patientsIn } from "./check.ts";
import { bodyOf, etagOf, recordedClient } from "./client.ts";
import { historiesOf } from "./histories.ts";
import { ledgerTo, type LedgerLine, makeLedger, readLedger } from "./ledger.ts";
import {
  changeLine,
  type Evidence,
  withCommitElsewhere,
  withCommitOf,
  withCommitsSwapped,
  withCommitTwice,
  withoutCommit,
  withOtherContent,
} from "./mutations.ts";

const home = mkdtempSync(join(tmpdir(), "casenotes-ledger-"));
afterAll(() => rmSync(home, { recursive: true }));

const [first, second] = [randomUUID(), randomUUID()];
const shared = "notes/shared.md";

/** Some of everything, asked of a real service by one caller after the other. */
const told = await (async (): Promise<Evidence> => {
  await using service = await startService();
  const file = join(home, "ledger.jsonl");
  makeLedger(file);
  const ledger = ledgerTo(file);
  const clientOf = async (number: number) =>
    recordedClient({ url: service.url, token: await service.token({ subject: `client-${number}` }), number, ledger });
  await using one = await clientOf(1);
  await using other = await clientOf(2);
  await one.create(first);
  await other.create(second, { key: "create" });
  const written = etagOf(await one.change({ patient: first, path: shared, etag: null, content: "one\n" }));
  await one.readFile(first, shared);
  await other.readRecord(first);
  const changed = etagOf(await other.change({ patient: first, path: shared, etag: written, content: "two\n" }));
  await one.change({ patient: first, path: shared, etag: written, content: "late\n" });
  await one.readFile(first, shared);
  const later = await one.change(
    { patient: first, path: "notes/later.md", etag: null, content: "later\n" },
    { prefer: "respond-async", key: "later" },
  );
  await one.settled(String(bodyOf(later)["id"]));
  await one.change({ patient: first, path: "notes/later.md", etag: null, content: "later\n" }, { key: "later" });
  await other.changeSet(first, [
    { patient: first, path: "notes/a.md", etag: null, content: "a\n" },
    { patient: first, path: shared, etag: changed },
  ]);
  await one.readFile(first, shared);
  await other.change({ patient: second, path: "notes/b.md", etag: null, content: "b\n" });
  ledger.flush();
  const lines = readLedger(file);
  const histories = await historiesOf({ url: service.url, token: await service.token() }, patientsIn(lines));
  return { lines, histories };
})();

const commitsOf = (patient: string) => told.histories.get(patient)!;
const rulesBroken = ({ lines, histories }: Evidence): readonly string[] =>
  [...new Set(checkHistories(lines, histories).findings.map(({ rule }) => rule))].toSorted();

const isRead = ({ route }: LedgerLine): boolean => route === "read-file";
const nthRead = (at: number) => {
  const line = told.lines.filter(isRead)[at]!;
  return (other: LedgerLine): boolean => other === line;
};
const isLate = ({ status }: LedgerLine): boolean => status === 412;
const late = told.lines.find(isLate)!;
const change = told.lines.find(({ client, route }) => client === 2 && route === "put")!;

const isRepeat = (line: LedgerLine): boolean => line.key === "later" && line.status !== 202;

/** As if the change of the shared file had never been answered: that it was made is known from reads only. */
const unanswered: Evidence = (() => {
  const nothing = { end: null, status: null, operation: null, state: null, commit: null, etag: null };
  const { lines, histories } = changeLine(told, (line) => line === change, nothing);
  return { lines: lines.filter((line) => line.status !== 412), histories };
})();

/** Right behind the read that saw the change, another sees the file as it was before. */
const withReadOfOldBehind = ({ lines, histories }: Evidence): Evidence => {
  const read = told.lines.filter(isRead)[1]!;
  const old = late.files[0]!.base!;
  const behind = { ...read, seq: 0, start: read.end! + 1, end: read.end! + 2, etag: old, got: old };
  return { lines: [...lines, behind], histories };
};

test("a request without an answer may be committed once, or not at all", () => {
  const { lines, histories } = unanswered;
  expect(rulesBroken(unanswered)).toEqual([]);
  const never = { ...change, ...lines.find(({ status }) => status === null), key: "never", files: late.files };
  expect(rulesBroken({ lines: [...lines, never], histories })).toEqual([]);
});

test("what a real service answered, and what stock git clones of it, do not contradict each other", () => {
  const { findings, counts } = checkHistories(told.lines, told.histories);
  expect(findings).toEqual([]);
  expect(counts).toMatchObject({ patients: 2, operations: 8, commits: 7, reads: 4 });
});

const mutations: Readonly<Record<string, { readonly of: () => Evidence; readonly rules: readonly string[] }>> = {
  "a commit is missing at the end": { of: () => withoutCommit(told, second, 1), rules: ["answer", "lost"] },
  "a commit is there twice": {
    of: () => withCommitTwice(told, first, 1),
    rules: ["current", "read-stale", "real-time", "twice"],
  },
  "two commits are swapped": {
    of: () => withCommitsSwapped(told, first, 1),
    rules: ["current", "precondition", "read-future", "read-stale", "real-time"],
  },
  "a commit has another operation's id": {
    of: () => withCommitElsewhere(told, second, first),
    rules: ["elsewhere", "unaccounted"],
  },
  "the content of a commit is another": { of: () => withOtherContent(told, first, 3), rules: ["content"] },
  "an answer names another commit": {
    of: () => changeLine(told, (line) => line === change, { commit: commitsOf(first)[1]!.id }),
    rules: ["answer"],
  },
  "a read is of what was written later": {
    of: () => changeLine(told, nthRead(0), { etag: change.etag, got: change.etag! }),
    rules: ["read-future"],
  },
  "a read is of what was gone": {
    of: () => changeLine(told, nthRead(1), { etag: late.files[0]!.base!, got: late.files[0]!.base! }),
    rules: ["read-stale"],
  },
  "an update is lost": {
    of: () => changeLine(told, (line) => line === change, { files: [{ ...change.files[0]!, base: null }] }),
    rules: ["precondition"],
  },
  "a refused change is committed": {
    of: () =>
      withCommitOf(told, first, {
        operations: [randomUUID()],
        changes: [{ path: shared, before: null, after: late.files[0]!.sent }],
      }),
    rules: ["refused", "unaccounted"],
  },
  "a commit is nobody's": {
    of: () => withCommitOf(told, second, { operations: [randomUUID()], changes: [] }),
    rules: ["unaccounted"],
  },
  "a request without an answer is committed twice": {
    of: () => withCommitOf(unanswered, first, { operations: [randomUUID()], changes: commitsOf(first)[2]!.changes }),
    rules: ["unaccounted"],
  },
  "a reader misses what an earlier one saw": { of: () => withReadOfOldBehind(unanswered), rules: ["went-back"] },
  "a 412 tells a tag that was not current": {
    of: () => changeLine(told, isLate, { current: commitsOf(first)[1]!.changes[0]!.after }),
    rules: ["current"],
  },
  "bytes are not those of their tag": {
    of: () => changeLine(told, nthRead(0), { got: "0".repeat(40) }),
    rules: ["bytes"],
  },
  "a tag was never in the history": {
    of: () => changeLine(told, nthRead(0), { etag: "0".repeat(40), got: "0".repeat(40) }),
    rules: ["read-never"],
  },
  "a repeat is answered with another operation": {
    of: () => changeLine(told, isRepeat, { operation: change.operation, commit: change.commit }),
    rules: ["answer", "one-end"],
  },
  "a repeat is refused": {
    of: () => changeLine(told, isRepeat, { status: 412, operation: null, state: null, commit: null, etag: null }),
    rules: ["one-end"],
  },
  "an accepted operation never ends": {
    of: () => ({
      lines: told.lines.filter((line) => !isRepeat(line) && line.route !== "status"),
      histories: told.histories,
    }),
    rules: ["unsettled"],
  },
  "a commit has two parents": {
    of: () => {
      const [root, next] = commitsOf(second);
      const merge = { ...next!, parents: [root!.id, commitsOf(first)[0]!.id] };
      return { lines: told.lines, histories: new Map([...told.histories, [second, [root!, merge]]]) };
    },
    rules: ["chain"],
  },
};

describe("a contradiction is found", () => {
  test.for(Object.entries(mutations))("where %s", ([, { of, rules }]) => {
    expect(rulesBroken(of())).toEqual(rules);
  });
});
