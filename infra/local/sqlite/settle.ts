import { Fault } from "../../../shared/errors.ts";
import type { Identifier, Settlement, Summary } from "../../../shared/head.ts";
import type { Outcome } from "../../../shared/operation.ts";
import { addEffects } from "./effects.ts";
import { millisecondsOf } from "./instant.ts";
import { currentEpoch } from "./lease-row.ts";
import { packMapPatch } from "./pack-map-text.ts";
import { deletePayloadsOf } from "./payloads.ts";
import type { Sql } from "./sql.ts";

const moveHead = `
  UPDATE heads SET epoch = ?1, commit_id = ?2, commits = ?, packs = json_patch(packs, ?), replaced = ?, updated_at = ?
  WHERE patient_id = ?7 AND commit_id IS ?8 AND ${currentEpoch} = ?1`;

const keepHead = `
  UPDATE heads SET epoch = ?1
  WHERE patient_id = ?2 AND commit_id IS ?3 AND ${currentEpoch} = ?1`;

const endLease = "DELETE FROM leases WHERE patient_id = ?";

const writeHead = (sql: Sql, { patientId, head, expected, epoch }: Settlement): number => {
  if (!head) return sql.run(keepHead, epoch, patientId, expected);
  const { commit, commits, packs, replaced, updatedAt } = head;
  const values = [commit, commits, packMapPatch(packs), JSON.stringify(replaced), millisecondsOf(updatedAt)];
  return sql.run(moveHead, epoch, ...values, patientId, expected);
};

const settleHead = (sql: Sql, settlement: Settlement): void => {
  const { patientId } = settlement;
  if (writeHead(sql, settlement) === 0) throw new Fault("fenced", "head or epoch moved", { patientId });
  sql.run(endLease, patientId);
};

const settleOperation = `
  UPDATE operations SET
    state = ?, version = version + 1, settled_at = ?, commit_id = ?, resource = ?, etag = ?, problem = ?
  WHERE id = ? AND state = 'queued' AND attempt = ?`;

/** Writes an outcome on a row that is still queued with its attempt; tells whether it was. A parked row is not settled. */
export const writeOutcome = (sql: Sql, outcome: Outcome): boolean => {
  const { operationId, attempt, state, settledAt, commit, resource, etag, problem } = outcome;
  const at = state === "parked" ? null : millisecondsOf(settledAt);
  const values = [state, at, commit, resource, etag, problem && JSON.stringify(problem), operationId, attempt];
  return sql.run(settleOperation, ...values) === 1;
};

const settleOperations = (sql: Sql, { outcomes }: Settlement): void => {
  const operationIds = outcomes.filter((outcome) => !writeOutcome(sql, outcome)).map((outcome) => outcome.operationId);
  if (operationIds.length > 0) {
    throw new Fault("operations-moved", "operations are no longer queued with this attempt", { operationIds });
  }
  for (const { operationId } of outcomes) deletePayloadsOf(sql, operationId);
};

const claimIdentifier = `
  INSERT INTO identifiers (system, value, patient_id) VALUES (?, ?, ?)
  ON CONFLICT (system, value) DO UPDATE SET patient_id = excluded.patient_id
  WHERE identifiers.patient_id = excluded.patient_id`;

const releaseIdentifier = "DELETE FROM identifiers WHERE system = ? AND value = ? AND patient_id = ?";

const settleIdentifiers = (sql: Sql, { patientId, identifiers: { claim, release } }: Settlement): void => {
  for (const { system, value } of release) sql.run(releaseIdentifier, system, value, patientId);
  const isTaken = ({ system, value }: Identifier): boolean => sql.run(claimIdentifier, system, value, patientId) === 0;
  const identifiers = claim.filter(isTaken);
  if (identifiers.length > 0) {
    throw new Fault("identifiers-taken", "identifiers belong to another patient", { identifiers });
  }
};

const putSummary = `
  INSERT INTO summaries (patient_id, commits, family, birth_date, summary) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (patient_id) DO UPDATE SET commits = excluded.commits,
    family = excluded.family, birth_date = excluded.birth_date, summary = excluded.summary
  WHERE excluded.commits >= summaries.commits`;

const settleSummary = (sql: Sql, summary: Summary): void => {
  const { patientId, commits, normalisedFamily, birthDate } = summary;
  sql.run(putSummary, patientId, commits, normalisedFamily, birthDate, JSON.stringify(summary));
};

/** Step 5 of 02-write-path, inside a transaction: all of it, or a Fault that says which condition failed. */
export const settle = (sql: Sql, settlement: Settlement): void => {
  settleHead(sql, settlement);
  settleOperations(sql, settlement);
  settleIdentifiers(sql, settlement);
  // What else is new of it, the head says.
  if (settlement.summary && settlement.summaryChanged) settleSummary(sql, settlement.summary);
  addEffects(sql, settlement.effects);
};
