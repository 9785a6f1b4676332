import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { writePathDefaults } from "../../../functions/config.ts";
import type { Engine } from "../../../shared/ports.ts";
import { schemaVersion } from "../sqlite/schema.ts";
import { olderVersion } from "../sqlite/unusable-database.ts";
import { engineOn } from "../sqlite/open-engine.ts";
import { openFile } from "../sqlite/open-file.ts";
import { NotReadableHere, openToRead } from "../sqlite/open-to-read.ts";

/** The embedded engine for looking only. */
export interface ReadOnlyEngine {
  readonly engine: Engine;
  readonly db: DatabaseSync;
}

const refuseOlder = (db: DatabaseSync, file: string): void => {
  const version = olderVersion(db);
  if (version === undefined) return;
  db.close();
  throw new NotReadableHere(
    `${file} was written by an older Casenotes (schema ${version}, this one knows ${schemaVersion}): start this one on it ` +
      "once (npm start), which brings it up to date.",
  );
};

/**
 * Opens a database file that exists, whoever else has it open. SQLite itself refuses to write through this connection;
 * what an engine writes by itself, such as its name among the processes, goes to a database in memory. Throws
 * NotReadableHere for a log in a folder that cannot be written to, and for tables of an older version.
 */
export const openReadOnlyEngine = async (file: string): Promise<ReadOnlyEngine> => {
  const db = openToRead(file);
  refuseOlder(db, file);
  const scratch = openFile(":memory:");
  const close = (): void => {
    db.close();
    scratch.close();
  };
  const connections = { ...scratch, reader: db, close };
  const { leaseMs, visibilityS, maxReceiveCount } = writePathDefaults;
  const options = { file, leaseMs, visibilityS, maxReceiveCount, newId: randomUUID, random: Math.random };
  const engine = await engineOn(connections, { ...options, now: Date.now, reach: () => undefined });
  return { engine, db };
};
