import type { AdoptedHead, Adoption } from "../../../shared/adoption.ts";
import { Fault } from "../../../shared/errors.ts";
import type { Operation } from "../../../shared/operation.ts";
import { currentEpoch } from "./lease-row.ts";
import { packMapOf } from "./pack-map-text.ts";
import { insertOperation } from "./operation-row.ts";
import { deletePayloadsOf, isSettled, putPayload } from "./payloads.ts";
import { insertSegment } from "./segment-rows.ts";
import { settle } from "./settle.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

const removeStanding = "DELETE FROM operations WHERE id = ? AND state = ? AND attempt = ? AND version = ?";

const putOperation = (sql: Sql, operation: Operation, standing: Operation | undefined): void => {
  const isAsRead =
    standing === undefined ||
    sql.run(removeStanding, standing.id, standing.state, standing.attempt, standing.version) === 1;
  if (!isAsRead || !insertOperation(sql, operation))
    throw new Fault("operations-moved", "the operation is not what was read", { operationIds: [operation.id] });
  if (isSettled(operation)) deletePayloadsOf(sql, operation.id);
};

const makeHead = "INSERT INTO heads (patient_id, epoch, generation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";

/** From now on whoever had the lease, or a compaction under way, is fenced. */
const raiseCounters = `
  UPDATE heads SET epoch = ?, generation = ? WHERE patient_id = ? AND ${currentEpoch} = ? AND generation = ?`;

const dropLease = "DELETE FROM leases WHERE patient_id = ?";

const selectStanding = "SELECT commit_id, packs FROM heads WHERE patient_id = ?";

const putHead = (sql: Sql, { head, standing, identifiers, summary }: AdoptedHead): void => {
  const { patientId, commit, commits, epoch, generation, replaced, updatedAt } = head;
  const raised =
    standing === undefined
      ? sql.run(makeHead, patientId, epoch, generation)
      : sql.run(raiseCounters, epoch, generation, patientId, standing.epoch, standing.generation);
  if (raised === 0) throw new Fault("fenced", "the head is not what was read", { patientId });
  sql.run(dropLease, patientId);
  if (commit === null || updatedAt === null) return;
  const row = sql.get<{ commit_id: string | null; packs: string }>(selectStanding, patientId);
  const remove = Object.keys(packMapOf(row?.packs ?? "{}"));
  settle(sql, {
    patientId,
    expected: row?.commit_id ?? null,
    epoch,
    head: { commit, commits, packs: { put: head.packs, remove }, replaced, updatedAt },
    outcomes: [],
    identifiers,
    summary,
    summaryChanged: true,
    effects: [],
  });
};

/** Takes in rows and segments of another engine, each call in one transaction. */
export const sqliteAdoption = ({ writer, now }: Store): Adoption => ({
  putSegment: (patientId, id, bytes) =>
    writer.write("power-cut", (sql) => insertSegment(sql, { patientId, id, bytes })),
  putOperation: ({ operation, payload, standing }) =>
    writer.write("power-cut", (sql) => {
      const { id: operationId, requestHash } = operation;
      if (payload) putPayload(sql, { operationId, requestHash }, { bytes: payload, storedAt: now() });
      putOperation(sql, operation, standing);
    }),
  putHead: (adopted) => writer.write("power-cut", (sql) => putHead(sql, adopted)),
});
