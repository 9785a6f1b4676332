import type { Operation, OperationId } from "../../../shared/operation.ts";
import type { PayloadKey, Payloads } from "../../../shared/ports.ts";
import { instantOf, millisecondsOf } from "./instant.ts";
import { pageOf } from "./keyset.ts";
import { findOperation } from "./operation-row.ts";
import type { Reader, Sql } from "./sql.ts";
import type { Store } from "./store.ts";

const insert = `
  INSERT INTO payloads (operation_id, request_hash, stored_at, bytes) VALUES (?, ?, ?, ?)
  ON CONFLICT (operation_id, request_hash) DO NOTHING`;
const select = "SELECT bytes FROM payloads WHERE operation_id = ? AND request_hash = ?";
const remove = "DELETE FROM payloads WHERE operation_id = ? AND request_hash = ?";
const removeOfOperation = "DELETE FROM payloads WHERE operation_id = ?";
const selectOlder = `
  SELECT operation_id, request_hash, stored_at FROM payloads
  WHERE (operation_id, request_hash) > (?, ?) AND stored_at < ? ORDER BY operation_id, request_hash LIMIT ?`;

type OlderRow = { operation_id: string; request_hash: string; stored_at: number };

/** Stores a payload; one that is there stays, because equal keys mean equal bytes. */
export const putPayload = (
  sql: Sql,
  { operationId, requestHash }: PayloadKey,
  { bytes, storedAt }: { readonly bytes: Uint8Array; readonly storedAt: number },
): void => {
  sql.run(insert, operationId, requestHash, storedAt, bytes);
};

export const deletePayload = (sql: Sql, { operationId, requestHash }: PayloadKey): void => {
  sql.run(remove, operationId, requestHash);
};

/** The content of a settled operation, and of a request that lost the race for its row. */
export const deletePayloadsOf = (sql: Sql, operationId: OperationId): void => {
  sql.run(removeOfOperation, operationId);
};

export const findPayload = (sql: Reader, { operationId, requestHash }: PayloadKey): Uint8Array | undefined =>
  sql.get<{ bytes: Uint8Array<ArrayBuffer> }>(select, operationId, requestHash)?.bytes;

const deletePayloads = async ({ writer }: Store, keys: readonly PayloadKey[]): Promise<void> => {
  if (keys.length === 0) return;
  await writer.write("process-end", (sql) => {
    for (const key of keys) deletePayload(sql, key);
  });
};

export const isSettled = (row: Operation | undefined): row is Operation =>
  row?.state === "committed" || row?.state === "rejected";

/** Contents of operations that are not settled yet: each settle, dismissal and adoption takes those of its rows with it. */
export const sqlitePayloads = (store: Store): Payloads => ({
  get: async (keys) => keys.map((key) => findPayload(store.reader, key)),
  delete: (keys) => deletePayloads(store, keys),
  deleteSettled: async (ids) => ids.map((id) => findOperation(store.reader, id)).filter(isSettled),
  listOlder: async (before, { limit, after }) => {
    const [id = "", requestHash = ""] = after?.split("#") ?? [];
    const values = [id, requestHash, millisecondsOf(before), limit + 1];
    return pageOf(store.reader.all<OlderRow>(selectOlder, ...values), limit, {
      item: (row) => ({
        operationId: row.operation_id,
        requestHash: row.request_hash,
        storedAt: instantOf(row.stored_at),
      }),
      cursor: (row) => `${row.operation_id}#${row.request_hash}`,
    });
  },
});
