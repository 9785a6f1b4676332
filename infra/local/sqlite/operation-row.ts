import type { Problem } from "../../../shared/errors.ts";
import type { Operation, OperationState } from "../../../shared/operation.ts";
import { instantOf, millisecondsOf, optionalInstantOf } from "./instant.ts";
import type { Reader, Sql } from "./sql.ts";

/** The columns, in their order. */
export type OperationRow = readonly [
  seq: number,
  id: string,
  patient_id: string,
  command: string,
  issuer: string,
  subject: string,
  caller_name: string,
  caller_role: string,
  request_hash: string,
  submitted_at: number,
  state: string,
  attempt: number,
  tries: number,
  version: number,
  settled_at: number | null,
  commit_id: string | null,
  resource: string | null,
  etag: string | null,
  problem: string | null,
];

export const operationColumns = `seq, id, patient_id, command, issuer, subject, caller_name, caller_role, request_hash,
  submitted_at, state, attempt, tries, version, settled_at, commit_id, resource, etag, problem`;

export const operationOf = ([
  ,
  id,
  patientId,
  command,
  issuer,
  subject,
  name,
  role,
  ...row
]: OperationRow): Operation => {
  const [requestHash, submittedAt, state, attempt, tries, version, settledAt, commit, resource, etag, problem] = row;
  return {
    id,
    patientId,
    command,
    caller: { issuer, subject, name, role },
    requestHash,
    state: state as OperationState,
    attempt,
    tries,
    version,
    submittedAt: instantOf(submittedAt),
    settledAt: optionalInstantOf(settledAt),
    commit,
    resource,
    etag,
    problem: problem === null ? null : (JSON.parse(problem) as Problem),
  };
};

const selectById = `SELECT ${operationColumns} FROM operations WHERE id = ?`;

export const findOperation = (sql: Reader, id: string): Operation | undefined => {
  const [row] = sql.tuples<OperationRow>(selectById, id);
  return row && operationOf(row);
};

/** Room for so many operations of one millisecond; more spill into the next one, in order. */
const seqsPerMs = 1_024;

/** The lowest place of an operation submitted at this time, in milliseconds. */
export const firstSeqAt = (milliseconds: number): number => milliseconds * seqsPerMs;

const lastSeqIn = "SELECT max(seq) AS seq FROM operations WHERE seq >= ? AND seq < ?";

/** The first free place at this time, or after it. */
const freeSeqAt = (sql: Sql, milliseconds: number): number => {
  for (let at = milliseconds; ; at += 1) {
    const last =
      sql.get<{ seq: number | null }>(lastSeqIn, firstSeqAt(at), firstSeqAt(at + 1))?.seq ?? firstSeqAt(at) - 1;
    if (last + 1 < firstSeqAt(at + 1)) return last + 1;
  }
};

const insert = `
  INSERT INTO operations (seq, id, patient_id, command, issuer, subject, caller_name, caller_role, request_hash,
    submitted_at, state, attempt, tries, version, settled_at, commit_id, resource, etag, problem, sent_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

/** Writes a row if there is none of its id; tells whether it did. `sentAt`: when its message is sent with it, ms. */
export const insertOperation = (sql: Sql, operation: Operation, sentAt: number | null = null): boolean => {
  const { id, patientId, command, caller, requestHash, submittedAt, settledAt, problem } = operation;
  const submitted = millisecondsOf(submittedAt);
  const asked = [
    freeSeqAt(sql, submitted),
    id,
    patientId,
    command,
    caller.issuer,
    caller.subject,
    caller.name,
    caller.role,
    requestHash,
  ];
  const { state, attempt, tries, version, commit, resource, etag } = operation;
  const settled = settledAt === null ? null : millisecondsOf(settledAt);
  const outcome = [settled, commit, resource, etag, problem && JSON.stringify(problem), sentAt];
  return sql.run(insert, ...asked, submitted, state, attempt, tries, version, ...outcome) === 1;
};
