import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "./migrate.ts";
import { applicationId, schema, schemaVersion } from "./schema.ts";
import { checkOurs, explained } from "./unusable-database.ts";

/**
 * The connections of one process, as a rule the same one: SQLite forgets its pages when another connection writes. Reads
 * see nothing that is not committed all the same, since a transaction begins and ends without a turn of the event loop.
 */
export interface Connections {
  readonly reader: DatabaseSync;
  readonly writer: DatabaseSync;
  close(): void;
}

/** Small, because an update touches a few rows on many pages and the log takes whole pages. */
const pageSize = 2_048;
/** 16 MB of log: the supervisor empties it before; where there is none, a commit does, and takes some ms longer. */
const checkpointPages = 8_192;
/** A log that grew over it is cut when it starts anew. */
const longestLogBytes = 67_108_864;
/** Opening may meet another process that creates or recovers the file; only then is waiting in SQLite harmless. */
const openTimeoutMs = 5_000;

/** Creates the tables in an empty file, or brings them up to date; two processes may race for it. */
const prepareSchema = (db: DatabaseSync, file: string): void => {
  db.exec("BEGIN IMMEDIATE");
  try {
    const isEmpty = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
    if (isEmpty) {
      db.exec(schema);
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
    } else migrate(db, checkOurs(db, file));
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
};

/** The writer sets `synchronous` for each transaction; until then the safe one. */
const configure = (db: DatabaseSync): DatabaseSync => {
  db.exec("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192");
  db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA journal_size_limit = ${longestLogBytes}`);
  db.exec("PRAGMA busy_timeout = 0");
  return db;
};

const openMemory = (): Connections => {
  const db = configure(new DatabaseSync(":memory:"));
  prepareSchema(db, ":memory:");
  return oneConnection(db);
};

const oneConnection = (db: DatabaseSync): Connections => ({ reader: db, writer: db, close: () => db.close() });

const openOnDisk = (file: string): Connections => {
  const db = new DatabaseSync(file, { timeout: openTimeoutMs });
  try {
    db.exec(`PRAGMA page_size = ${pageSize}`);
    prepareSchema(db, file);
    db.exec("PRAGMA journal_mode = WAL");
    return oneConnection(configure(db));
  } catch (error) {
    db.close();
    throw error;
  }
};

/**
 * Opens or creates the database file (mode 0600, its folder 0700). Throws UnusableDatabase when it is damaged, of
 * another program or of a newer version.
 */
export const openFile = (file: string): Connections => {
  if (file === ":memory:") return openMemory();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives its -wal and -shm files the mode of the database file.
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  try {
    return openOnDisk(file);
  } catch (error) {
    throw explained(error, file);
  }
};
