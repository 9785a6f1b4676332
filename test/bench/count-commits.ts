import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementResultingChanges } from "node:sqlite";

/**
 * Loaded before everything else in each process of a service (NODE_OPTIONS --import): counts transactions that SQLite
 * must sync to the disk, i.e. COMMITs on a connection with synchronous=FULL that changed something. SIGUSR2 writes the
 * counts to a file.
 */
export interface CommitCounts {
  /** How often the file was written. */
  readonly asked: number;
  /** Transactions with an fsync each (WAL, synchronous=FULL). */
  readonly synced: number;
  /** Transactions without one. */
  readonly unsynced: number;
}

const counts = { asked: 0, synced: 0, unsynced: 0 };

const isFull = new WeakSet<DatabaseSync>();
const { exec, prepare } = DatabaseSync.prototype;

DatabaseSync.prototype.exec = function countedExec(this: DatabaseSync, text: string) {
  if (text.includes("synchronous = FULL")) isFull.add(this);
  else if (text.includes("synchronous = NORMAL")) isFull.delete(this);
  exec.call(this, text);
};

DatabaseSync.prototype.prepare = function countedPrepare(this: DatabaseSync, ...args: Parameters<typeof prepare>) {
  const statement = prepare.apply(this, args);
  const [text] = args;
  const changed = changes(this);
  const run: (...values: SQLInputValue[]) => StatementResultingChanges = statement.run;
  const countedRun = (...values: SQLInputValue[]): StatementResultingChanges => {
    const result = run.apply(statement, values);
    if (text === "COMMIT") countCommit(this, changed);
    else if (!isControl.test(text)) changed.since += Number(result.changes);
    return result;
  };
  for (const name of ["get", "all"] as const) {
    const original: (...values: SQLInputValue[]) => unknown = statement[name];
    const countedRead = (...values: SQLInputValue[]): unknown => {
      if (text.includes("RETURNING")) changed.since += 1;
      return original.apply(statement, values);
    };
    Object.assign(statement, { [name]: countedRead });
  }
  return Object.assign(statement, { run: countedRun });
};

const isControl = /^(BEGIN|SAVEPOINT|RELEASE|ROLLBACK)/;

interface Changed {
  since: number;
}

const changedBy = new WeakMap<DatabaseSync, Changed>();

const changes = (db: DatabaseSync): Changed => {
  const known = changedBy.get(db) ?? { since: 0 };
  changedBy.set(db, known);
  return known;
};

/** A transaction that changed nothing writes nothing, and is not synced. */
const countCommit = (db: DatabaseSync, changed: Changed): void => {
  if (changed.since > 0) counts[isFull.has(db) ? "synced" : "unsynced"] += 1;
  changed.since = 0;
};

const folder = process.env["BENCH_COUNTS"];
if (folder !== undefined) {
  process.on("SIGUSR2", () => {
    counts.asked += 1;
    const path = join(folder, `${process.pid}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(counts));
    renameSync(`${path}.new`, path);
  });
}
