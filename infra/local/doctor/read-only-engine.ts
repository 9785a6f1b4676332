import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { writePathDefaults } from "../../../functions/config.ts";
import type { Engine } from "../../../shared/ports.ts";
import { engineOn } from "../sqlite/open-engine.ts";
import { openFile } from "../sqlite/open-file.ts";
import { openToRead } from "../sqlite/open-to-read.ts";

/** The embedded engine for looking only. */
export interface ReadOnlyEngine {
  readonly engine: Engine;
  readonly db: DatabaseSync;
}

/**
 * Opens a database file that exists, whoever else has it open. SQLite itself refuses to write through this connection;
 * what an engine writes by itself, such as its name among the processes, goes to a database in memory. Throws
 * NotReadableHere for a log in a folder that cannot be written to.
 */
export const openReadOnlyEngine = async (file: string): Promise<ReadOnlyEngine> => {
  const db = openToRead(file);
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
