import { Fault } from "../../../shared/errors.ts";
import type { Operation, OperationId, Outcome } from "../../../shared/operation.ts";
import type { Asked, Operations } from "../../../shared/ports.ts";
import { millisecondsOf } from "./instant.ts";
import { listOperations, listQueuedOperations } from "./operation-lists.ts";
import { findOperation, firstSeqAt } from "./operation-row.ts";
import { deletePayload, findPayload } from "./payloads.ts";
import { writeOutcome } from "./settle.ts";
import type { Reader, Sql } from "./sql.ts";
import type { Store } from "./store.ts";

const moved = (id: OperationId): Fault =>
  new Fault("operations-moved", "the operation is not in the expected state", { operationIds: [id] });

const countQueued = `
  SELECT count(*) AS count FROM (SELECT 1 FROM operations WHERE patient_id = ? AND state = 'queued' LIMIT ?)`;

const laterSettled = `
  SELECT 1 AS found FROM operations
  WHERE patient_id = ? AND seq >= ? AND submitted_at > ? AND (state = 'committed' OR state = 'rejected') LIMIT 1`;

const setTries = "UPDATE operations SET tries = ? WHERE id = ? AND state = 'queued' AND attempt = ?";

const redrive = `
  UPDATE operations SET state = 'queued', attempt = attempt + 1, tries = 0, version = version + 1, problem = NULL
  WHERE id = ? AND state = 'parked'`;

const dismiss = `
  UPDATE operations SET state = 'rejected', version = version + 1, settled_at = ?, problem = ?
  WHERE id = ? AND state = 'parked'`;

const standing = (sql: Sql, id: OperationId): Operation => {
  const operation = findOperation(sql, id);
  if (!operation) throw moved(id);
  return operation;
};

const findAsked = (sql: Reader, id: OperationId): Asked | undefined => {
  const operation = findOperation(sql, id);
  if (operation === undefined) return undefined;
  const { state, requestHash } = operation;
  return { operation, payload: state === "queued" ? findPayload(sql, { operationId: id, requestHash }) : undefined };
};

const dismissed = (sql: Sql, { operationId, settledAt, problem }: Outcome): Operation => {
  const values = [millisecondsOf(settledAt), problem && JSON.stringify(problem), operationId];
  if (sql.run(dismiss, ...values) === 0) throw moved(operationId);
  const operation = standing(sql, operationId);
  // No worker settles it, so no drain hears of it: its content goes at once.
  deletePayload(sql, { operationId, requestHash: operation.requestHash });
  return operation;
};

/** Operation rows; each change is conditional on the state it starts from. */
export const sqliteOperations = ({ reader, writer }: Store): Operations => ({
  get: async (ids) => ids.map((id) => findOperation(reader, id)),
  getAsked: async (ids) => ids.map((id) => findAsked(reader, id)),
  list: async (query) => listOperations(reader, query),
  countQueued: async (patientId, limit) => reader.get<{ count: number }>(countQueued, patientId, limit)?.count ?? 0,
  listQueued: async (before, page) => listQueuedOperations(reader, before, page),
  laterSettled: async (patientId, submittedAt) => {
    const since = millisecondsOf(submittedAt);
    return reader.get(laterSettled, patientId, firstSeqAt(since), since) !== undefined;
  },
  // Tries guard against work that ends our process, and those are kept; a power cut is not the work's doing.
  setTries: (id, attempt, tries) =>
    writer.write("process-end", (sql) => {
      if (sql.run(setTries, tries, id, attempt) === 0) throw moved(id);
    }),
  park: (outcome) =>
    writer.write("power-cut", (sql) => {
      if (!writeOutcome(sql, { ...outcome, state: "parked" })) throw moved(outcome.operationId);
    }),
  redrive: (id) =>
    writer.write("power-cut", (sql) => {
      if (sql.run(redrive, id) === 0) throw moved(id);
      return standing(sql, id);
    }),
  dismiss: (outcome) => writer.write("power-cut", (sql) => dismissed(sql, outcome)),
});
