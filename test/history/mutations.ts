import type { Commit, Histories } from "./histories.ts";
import type { LedgerLine } from "./ledger.ts";

/** What was asked and answered, and what the histories say. */
export interface Evidence {
  readonly lines: readonly LedgerLine[];
  readonly histories: Histories;
}

/** Commits linked as Git would link them: each follows the one before it. */
const linked = (commits: readonly Commit[]): readonly Commit[] =>
  commits.map((commit, at) => ({ ...commit, parents: at === 0 ? [] : [commits[at - 1]!.id] }));

const changeHistory = (
  { lines, histories }: Evidence,
  patient: string,
  change: (commits: readonly Commit[]) => readonly Commit[],
): Evidence => ({
  lines,
  histories: new Map([...histories, [patient, linked(change(histories.get(patient)!))] as const]),
});

/** The lines with one of them changed. */
export const changeLine = (
  { lines, histories }: Evidence,
  which: (line: LedgerLine) => boolean,
  over: Partial<LedgerLine>,
): Evidence => {
  const found = lines.findIndex(which);
  if (found < 0) throw new Error("the ledger has no such line");
  return { histories, lines: lines.with(found, { ...lines[found]!, ...over }) };
};

const otherOid = (oid: string): string => oid.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));

export const withoutCommit = (evidence: Evidence, patient: string, number: number): Evidence =>
  changeHistory(evidence, patient, (commits) => commits.toSpliced(number, 1));

/** The same operation once more, as a commit of its own. */
export const withCommitTwice = (evidence: Evidence, patient: string, number: number): Evidence =>
  changeHistory(evidence, patient, (commits) => [
    ...commits,
    { ...commits[number]!, id: otherOid(commits[number]!.id) },
  ]);

export const withCommitsSwapped = (evidence: Evidence, patient: string, number: number): Evidence =>
  changeHistory(evidence, patient, (commits) => commits.toSpliced(number, 2, commits[number + 1]!, commits[number]!));

/** A commit of one patient's history also in another's. */
export const withCommitElsewhere = (evidence: Evidence, from: string, to: string): Evidence =>
  changeHistory(evidence, to, (commits) => [...commits, evidence.histories.get(from)!.at(-1)!]);

export const withOtherContent = (evidence: Evidence, patient: string, number: number): Evidence =>
  changeHistory(evidence, patient, (commits) => {
    const commit = commits[number]!;
    const changes = commit.changes.map((change) => ({ ...change, after: otherOid(change.after ?? "f") }));
    return commits.with(number, { ...commit, changes });
  });

/** A commit that writes `content` to `path`, at the end. */
export const withCommitOf = (
  evidence: Evidence,
  patient: string,
  over: Pick<Commit, "operations" | "changes">,
): Evidence =>
  changeHistory(evidence, patient, (commits) => [...commits, { id: "e".repeat(40), parents: [], ...over }]);
