import type { SQLInputValue } from "node:sqlite";
import type { Instant, Operation, OperationState } from "../../../shared/operation.ts";
import type { Listed, OperationQuery, Page } from "../../../shared/ports.ts";
import { millisecondsOf } from "./instant.ts";
import { pageOf, seqOf } from "./keyset.ts";
import { firstSeqAt, operationColumns, operationOf } from "./operation-row.ts";
import type { OperationRow } from "./operation-row.ts";
import type { Reader } from "./sql.ts";

/** Literals, because SQLite proves that a partial index applies from the text of a statement. */
const inState: Record<OperationState, string> = {
  queued: "state = 'queued'",
  committed: "state = 'committed'",
  rejected: "state = 'rejected'",
  parked: "state = 'parked'",
};

const toPage = (rows: readonly OperationRow[], limit: number): Listed<Operation> =>
  pageOf(rows, limit, { item: operationOf, cursor: ([seq]) => String(seq) });

/** Newest first. The texts of its statements form a closed set: one for each combination of filters. */
export const listOperations = (sql: Reader, query: OperationQuery): Listed<Operation> => {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  const { patientId, submitter, state, after, limit } = query;
  if (patientId !== undefined) where("patient_id = ?", patientId);
  if (submitter) where("subject = ? AND issuer = ?", submitter.subject, submitter.issuer);
  if (state) where(inState[state]);
  if (after !== undefined) where("seq < ?", seqOf(after));
  const filter = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const statement = `SELECT ${operationColumns} FROM operations ${filter} ORDER BY seq DESC LIMIT ?`;
  return toPage(sql.tuples<OperationRow>(statement, ...values, limit + 1), limit);
};

const selectQueued = `
  SELECT ${operationColumns} FROM operations WHERE state = 'queued' AND seq < ? AND seq > ? ORDER BY seq LIMIT ?`;

/** Oldest first. */
export const listQueuedOperations = (sql: Reader, before: Instant, { limit, after }: Page): Listed<Operation> => {
  const values = [firstSeqAt(millisecondsOf(before)), after === undefined ? -1 : seqOf(after), limit + 1];
  return toPage(sql.tuples<OperationRow>(selectQueued, ...values), limit);
};
