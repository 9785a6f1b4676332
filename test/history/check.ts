import type { Histories } from "./histories.ts";
import type { LedgerLine } from "./ledger.ts";
import { observationRules } from "./observations.ts";
import { operationRules } from "./operations.ts";
import { viewsOf } from "./view.ts";

/** What is wrong: a rule, the patient, and ids. Never content, and no path. */
interface Finding {
  readonly rule: string;
  readonly patient: string;
  readonly detail: string;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly counts: {
    readonly patients: number;
    readonly requests: number;
    readonly operations: number;
    readonly commits: number;
    readonly reads: number;
  };
}

const rules = { ...operationRules, ...observationRules };

/** Holds a ledger of requests and answers against the histories that stock git cloned. */
export const checkHistories = (lines: readonly LedgerLine[], histories: Histories): Verdict => {
  const views = viewsOf(lines, histories);
  const findings: Finding[] = [];
  for (const view of views)
    for (const [rule, find] of Object.entries(rules))
      for (const detail of find(view)) findings.push({ rule, patient: view.patient, detail });
  const sum = (count: (view: (typeof views)[number]) => number): number =>
    views.reduce((total, view) => total + count(view), 0);
  return {
    findings,
    counts: {
      patients: views.length,
      requests: lines.length,
      operations: sum(({ asked }) => asked.length),
      commits: sum(({ commits }) => commits.length),
      reads: sum(({ reads }) => reads.length),
    },
  };
};

/** Every patient that a ledger names. */
export const patientsIn = (lines: readonly LedgerLine[]): ReadonlySet<string> =>
  new Set(lines.map(({ patient }) => patient).filter((patient) => patient !== ""));

export const verdictText = ({ findings, counts }: Verdict): string =>
  [
    ...findings.slice(0, 50).map(({ rule, patient, detail }) => `${rule}: patient ${patient}: ${detail}`),
    ...(findings.length > 50 ? [`… and ${findings.length - 50} more`] : []),
    `${counts.requests} requests, ${counts.operations} changes asked for, ${counts.reads} reads; ${counts.patients} histories, ${counts.commits} commits: ${findings.length} contradictions`,
  ].join("\n");
