import { Refusal } from "../shared/errors.ts";
import { type Batch, type BatchStart, openBatch, type Sign } from "../shared/git/build-batch.ts";
import { packBytes } from "../shared/git/limits.ts";
import type { Oid } from "../shared/git/oid.ts";
import type { Head, Identifier } from "../shared/head.ts";
import type { Operation } from "../shared/operation.ts";
import type { Command } from "../shared/record/command.ts";
import type { ChangedSince } from "./changed-since.ts";
import { decide, refuseIdentifiers } from "../shared/record/decide.ts";
import type { Decision, RecordView } from "../shared/record/decision.ts";
import type { TreeState } from "../shared/git/record-tree.ts";

/** One operation with what it asks for. */
export interface Work {
  readonly operation: Operation;
  readonly command: Command;
  /** Length of the payload, bytes. */
  readonly bytes: number;
}

/** What became of one operation; `tree` is the record right after it. */
export type Decided =
  | { readonly operation: Operation; readonly decision: Decision; readonly tree: TreeState }
  | { readonly operation: Operation; readonly refusal: Refusal };

export interface DecidedBatch {
  readonly decided: readonly Decided[];
  /** Null when everything was refused. */
  readonly batch: Batch | null;
}

export interface DecideRequest {
  readonly head: Head;
  readonly work: readonly Work[];
  readonly start: BatchStart;
  /** Identifiers that a settle found to be another patient's. */
  readonly taken: readonly Identifier[];
  readonly changedSince: ChangedSince;
  readonly committer: { readonly name: string; readonly email: string };
  /** Ms since the epoch. */
  readonly now: number;
  readonly sign: Sign;
}

const secondsOf = (time: number | string): number => Math.floor(new Date(time).getTime() / 1_000);

/** Name of a commit of this batch before it is made; no client can have seen it, so none can expect it. */
const pendingCommit = (number: number): Oid => `pending:${number}`;

/** Decides each operation once, in order, against the state left by the one before. */
export const decideBatch = (request: DecideRequest): DecidedBatch => {
  const { head, start, work } = request;
  const open = openBatch(start);
  const base = packBytes(head.packs);
  let accepted = 0;
  let grown = 0;
  const decided = work.map(({ operation, command, bytes }): Decided => {
    const commit = accepted === 0 ? head.commit : pendingCommit(accepted);
    const tree = open.tree();
    const view: RecordView | null =
      commit === null
        ? null
        : { tree, commit, packBytes: base + grown, changedSince: (since) => request.changedSince(since, tree) };
    const decision = decideOne(request, view, { operation, command });
    if (decision instanceof Refusal) return { operation, refusal: decision };
    const { submittedAt } = operation;
    open.add({
      changes: decision.changes,
      message: decision.message,
      author: { ...decision.author, at: secondsOf(submittedAt) },
      committer: { ...request.committer, at: secondsOf(request.now) },
    });
    accepted += 1;
    grown += bytes;
    return { operation, decision, tree: open.tree() };
  });
  if (accepted === 0) return { decided, batch: null };
  const batch = open.finish(request.sign);
  return { decided: decided.map((one) => withRealCommit(one, batch.commits)), batch };
};

const decideOne = (
  { taken, head, now }: DecideRequest,
  view: RecordView | null,
  { operation, command }: Pick<Work, "operation" | "command">,
): Decision | Refusal => {
  const decision = decide(view, command, {
    patientId: head.patientId,
    operationId: operation.id,
    caller: operation.caller,
    submittedAt: operation.submittedAt,
    now: new Date(now).toISOString(),
  });
  return decision instanceof Refusal ? decision : (refuseIdentifiers(decision, taken) ?? decision);
};

/** A refusal may name the commit before it, which had no id yet when it was decided. */
const withRealCommit = (one: Decided, commits: readonly Oid[]): Decided => {
  if (!("refusal" in one)) return one;
  const { code, message, facts } = one.refusal;
  const number = /^"pending:(\d+)"$/.exec(String(facts["currentEtag"]))?.[1];
  if (number === undefined) return one;
  const currentEtag = `"${commits[Number(number) - 1] ?? ""}"`;
  return { ...one, refusal: new Refusal(code, message, { ...facts, currentEtag }) };
};
