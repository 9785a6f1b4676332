import type { DatabaseSync } from "node:sqlite";
import { resultCode, resultCodes } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** What must survive: a power cut, because a client was promised it, or only the end of the process. */
export type Durability = "power-cut" | "process-end";

export interface Connection {
  readonly db: DatabaseSync;
  readonly sql: Sql;
}

/** One call's work, waiting for a transaction. */
export interface Queued {
  readonly durability: Durability;
  /** Runs once more, from the start, when its transaction was rolled back because of another call. */
  readonly run: (sql: Sql) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Work that waits for another's transaction, and again for the next one where a transaction failed. */
export interface Along {
  run(sql: Sql): void;
  committed(): void;
}

export interface Group {
  readonly along: readonly Along[];
  readonly calls: readonly Queued[];
  /** Each call in a savepoint of its own, so that what one throws undoes only its own changes. */
  readonly apart: boolean;
}

/** The lock is held about this long before the rest of a turn waits for the next transaction. */
const groupMs = 4;

/** Takes the write lock; false when another connection has it. */
export const begin = ({ sql }: Connection): boolean => {
  try {
    sql.run("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (resultCode(error) === resultCodes.busy) return false;
    throw error;
  }
};

/** Runs one call's work in its savepoint and tells what to do after COMMIT. Throws when the transaction is gone. */
const runApart = ({ db, sql }: Connection, { run, resolve, reject }: Queued): (() => void) => {
  sql.run("SAVEPOINT call");
  try {
    run(sql);
    sql.run("RELEASE call");
    return resolve;
  } catch (error) {
    if (!db.isTransaction) throw error;
    sql.run("ROLLBACK TO call");
    sql.run("RELEASE call");
    return () => reject(error);
  }
};

/**
 * Runs and commits a transaction that has begun. Returns what answers the calls, in order; calls beyond its length did
 * not fit. Throws when nothing was committed.
 */
export const commitGroup = (connection: Connection, { along, calls, apart }: Group): readonly (() => void)[] => {
  const { db, sql } = connection;
  const deadline = performance.now() + groupMs;
  const answers: (() => void)[] = [];
  try {
    for (const { run } of along) run(sql);
    for (const call of calls) {
      if (apart) answers.push(runApart(connection, call));
      else {
        call.run(sql);
        answers.push(call.resolve);
      }
      if (performance.now() > deadline) break;
    }
    sql.run("COMMIT");
  } catch (error) {
    if (db.isTransaction) sql.run("ROLLBACK");
    throw error;
  }
  return answers;
};
