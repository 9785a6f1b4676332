import type { DatabaseSync } from "node:sqlite";
import { sqlOf } from "./sql.ts";
import type { Reader } from "./sql.ts";

/**
 * Reads that follow each other without a turn of the event loop in between share one snapshot: a read alone spends more
 * on locking the log than on its row. It ends before anything else can reach this process, so nobody can have been told
 * of a commit that the snapshot lacks.
 */
export const snapshotReader = (db: DatabaseSync): Reader => {
  const sql = sqlOf(db);
  let ends = false;
  const end = (): void => {
    ends = false;
    try {
      if (db.isOpen && db.isTransaction) sql.run("COMMIT");
    } catch {
      // Only a damaged file: the reads have thrown what is wrong with it, and the end of the next ones tries again.
    }
  };
  const begin = (): void => {
    if (ends) return;
    ends = true;
    process.nextTick(end);
    if (!db.isTransaction) sql.run("BEGIN");
  };
  return {
    get: (statement, ...values) => {
      begin();
      return sql.get(statement, ...values);
    },
    all: (statement, ...values) => {
      begin();
      return sql.all(statement, ...values);
    },
    tuples: (statement, ...values) => {
      begin();
      return sql.tuples(statement, ...values);
    },
  };
};
