import { type Problem, problemOf, Refusal } from "../shared/errors.ts";
import type { Batch } from "../shared/git/build-batch.ts";
import type { Oid } from "../shared/git/oid.ts";
import type { Effect, Head, HeadMove, Identifier, Settlement, Summary } from "../shared/head.ts";
import type { Instant, Outcome, PatientId } from "../shared/operation.ts";
import type { Demographics } from "../shared/record/command.ts";
import { normaliseName } from "../shared/record/normalise-name.ts";
import type { RecordTree } from "../shared/record/view.ts";
import type { Decided, DecidedBatch } from "./decide-batch.ts";

/** Longest problem a row keeps, UTF-16 units of its JSON. */
const mostProblem = 2_048;

interface SettlementFacts {
  /** Ms since the epoch. */
  readonly now: number;
  /** The record before the batch. */
  readonly before: RecordTree;
  /** The same object for the same demographics, as long as it remembers them. */
  readonly demographicsOf: (tree: RecordTree) => Demographics;
}

/** The one transaction that makes a decided batch true. */
export const settlementOf = (
  head: Head,
  { decided, batch }: DecidedBatch,
  { now, before, demographicsOf }: SettlementFacts,
): Settlement => {
  const settledAt = new Date(now).toISOString();
  const accepted = decided.filter((one) => "decision" in one);
  const commits = new Map(accepted.map(({ operation }, index) => [operation.id, batch?.commits[index] ?? ""]));
  const { patientId } = head;
  return {
    patientId,
    expected: head.commit,
    epoch: head.epoch,
    head: batch === null ? null : moveOf(batch, settledAt),
    outcomes: decided.map((one) => outcomeOf(one, commits.get(one.operation.id) ?? "", settledAt)),
    identifiers: identifiersOf(accepted),
    summary: batch === null ? null : summaryOf(patientId, batch, { settledAt, demographicsOf }),
    summaryChanged:
      head.commit === null || (batch !== null && demographicsOf(before) !== demographicsOf(batch.state.tree)),
    effects: batch === null ? [] : effectsOf(patientId, batch),
  };
};

const moveOf = ({ commits, state, packs, replaced }: Batch, updatedAt: Instant): HeadMove => ({
  commit: commits.at(-1) ?? "",
  commits: state.commits,
  packs,
  replaced,
  updatedAt,
});

const outcomeOf = (one: Decided, commit: Oid, settledAt: Instant): Outcome => {
  const { id, attempt, patientId } = one.operation;
  const common = { operationId: id, attempt, settledAt };
  if ("refusal" in one) {
    const problem = problemOf(withOperation(one.refusal, id));
    return { ...common, state: "rejected", commit: null, resource: null, etag: null, problem: cut(problem) };
  }
  const { target } = one.decision;
  const record = `/v1/patients/${patientId}`;
  return target.kind === "record"
    ? { ...common, state: "committed", commit, resource: record, etag: commit, problem: null }
    : {
        ...common,
        state: "committed",
        commit,
        resource: `${record}/files/${target.path}`,
        etag: one.tree.file(target.path)?.oid ?? null,
        problem: null,
      };
};

const withOperation = ({ code, message, facts }: Refusal, operationId: string): Refusal =>
  new Refusal(code, message, { ...facts, operationId, instance: `/v1/operations/${operationId}` });

/** What a row keeps of a refusal is small: changed paths go first. */
const cut = (problem: Problem): Problem => {
  const paths = problem["changedPaths"];
  let excess = JSON.stringify(problem).length - mostProblem;
  if (excess <= 0 || !Array.isArray(paths)) return problem;
  const kept = [...paths];
  while (excess > 0 && kept.length > 0) excess -= String(kept.pop()).length + 3;
  return { ...problem, changedPaths: kept, truncated: true };
};

type Accepted = Extract<Decided, { decision: unknown }>;

const keyOf = ({ system, value }: Identifier): string => JSON.stringify([system, value]);

/** One claim or release an identifier: the last word of the batch counts. */
const identifiersOf = (accepted: readonly Accepted[]): Settlement["identifiers"] => {
  const claim = new Map<string, Identifier>();
  const release = new Map<string, Identifier>();
  for (const { decision } of accepted) {
    for (const one of decision.identifiers.release) {
      if (!claim.delete(keyOf(one))) release.set(keyOf(one), one);
    }
    for (const one of decision.identifiers.claim) {
      if (!release.delete(keyOf(one))) claim.set(keyOf(one), one);
    }
  }
  return { claim: [...claim.values()], release: [...release.values()] };
};

const summaryOf = (
  patientId: PatientId,
  { commits, state }: Batch,
  {
    settledAt,
    demographicsOf,
  }: { readonly settledAt: Instant; readonly demographicsOf: (tree: RecordTree) => Demographics },
): Summary => {
  const { name, birthDate, sex, identifiers } = demographicsOf(state.tree);
  return {
    patientId,
    commit: commits.at(-1) ?? "",
    commits: state.commits,
    updatedAt: settledAt,
    name,
    normalisedFamily: normaliseName(name.family),
    birthDate,
    sex,
    identifiers,
  };
};

/** The outbox is for what has to happen. Who only wants to know is told of the rows: they say it as well. */
const effectsOf = (patientId: PatientId, { sealDeletes, segment }: Batch): readonly Effect[] => {
  if (sealDeletes.length === 0) return [];
  const id = `${patientId}#delete-segments#${segment.id}`;
  return [{ id, kind: "delete-segments", patientId, body: { segmentIds: sealDeletes } }];
};
