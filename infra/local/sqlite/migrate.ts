import type { DatabaseSync } from "node:sqlite";
import { schemaVersion } from "./schema.ts";

/** What makes the tables of a version, its key, those of the next one, with all rows; never changed once released. */
const steps: Readonly<Record<number, string>> = {
  1: `
    ALTER TABLE heads RENAME TO heads_1;
    DROP INDEX heads_leased;
    CREATE TABLE heads (
      seq INTEGER PRIMARY KEY,
      patient_id TEXT NOT NULL UNIQUE,
      commit_id TEXT,
      commits INTEGER NOT NULL DEFAULT 0,
      epoch INTEGER NOT NULL DEFAULT 0,
      generation INTEGER NOT NULL DEFAULT 0,
      updated_at INTEGER,
      packs TEXT NOT NULL DEFAULT '{}',
      replaced TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    INSERT INTO heads (patient_id, commit_id, commits, epoch, generation, updated_at, packs, replaced)
      SELECT patient_id, commit_id, commits, epoch, generation, updated_at, packs, replaced FROM heads_1;
    CREATE TABLE leases (
      patient_id TEXT PRIMARY KEY,
      epoch INTEGER NOT NULL,
      owner TEXT NOT NULL,
      until INTEGER NOT NULL,
      process TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO leases SELECT patient_id, epoch, lease_owner, lease_until, lease_process FROM heads_1
      WHERE lease_owner IS NOT NULL;
    DROP TABLE heads_1;
    CREATE INDEX heads_by_time ON heads (updated_at, patient_id);
    DROP INDEX summaries_by_time;
    ALTER TABLE summaries DROP COLUMN updated_at;
    ALTER TABLE operations ADD COLUMN sent_at INTEGER;
    ALTER TABLE payloads RENAME TO payloads_1;
    CREATE TABLE payloads (
      operation_id TEXT NOT NULL,
      request_hash TEXT NOT NULL,
      stored_at INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (operation_id, request_hash)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO payloads SELECT operation_id, request_hash, stored_at, bytes FROM payloads_1;
    DROP TABLE payloads_1;`,
};

/** Brings the tables of a file of ours up to date, inside a transaction; processes of the older version fail from then on. */
export const migrate = (db: DatabaseSync, version: number): void => {
  for (let from = version; from < schemaVersion; from += 1) db.exec(steps[from] ?? "");
  db.exec(`PRAGMA user_version = ${schemaVersion}`);
};
