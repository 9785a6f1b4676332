import { Fault } from "../../../shared/errors.ts";
import type { Connections } from "./open-file.ts";
import { resultCode, resultCodes, sqlOf } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** What must survive: a power cut, because a client was promised it, or only the end of the process. */
export type Durability = "power-cut" | "process-end";

export interface GroupWriter {
  /**
   * Runs `work` in the next group transaction, in a savepoint of its own: what it throws undoes only its own changes.
   * Resolves after COMMIT. Throws Fault transient when the transaction could not be committed.
   */
  write<T>(durability: Durability, work: (sql: Sql) => T): Promise<T>;
  /** Runs `work` at the beginning of the next transaction, whoever starts it; a failure fails that transaction. */
  writeAlong(work: (sql: Sql) => void): void;
  /** Resolves when everything queued so far was tried. */
  idle(): Promise<void>;
}

export interface GroupWriterOptions {
  readonly connections: Connections;
  readonly random: () => number;
}

interface Queued {
  readonly durability: Durability;
  readonly run: (sql: Sql) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The lock is held at most this long before the rest of a turn waits for the next transaction. */
const groupMs = 4;
/** After so long without the lock the writes fail as transient. */
const giveUpMs = 10_000;
/** Tries of the lock in consecutive turns of the event loop before timers are used. */
const eagerTries = 4;

const lostLock = (cause: unknown): Fault =>
  new Fault("transient", "the database could not take the write", {}, { cause });

const begin = (sql: Sql): boolean => {
  try {
    sql.run("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (resultCode(error) === resultCodes.busy) return false;
    throw error;
  }
};

/** Runs one piece of work in its savepoint; returns what it threw. Throws when the whole transaction is gone. */
const attempt = (sql: Sql, { run }: Queued, inTransaction: () => boolean): { error: unknown } | undefined => {
  sql.run("SAVEPOINT call");
  try {
    run(sql);
    sql.run("RELEASE call");
    return undefined;
  } catch (error) {
    if (!inTransaction()) throw error;
    sql.run("ROLLBACK TO call");
    sql.run("RELEASE call");
    return { error };
  }
};

/** Group commit: the writes of one turn of the event loop share one transaction; no transaction spans an await. */
export const groupWriter = ({ connections, random }: GroupWriterOptions): GroupWriter => {
  const synced = { db: connections.synced, sql: sqlOf(connections.synced) };
  const unsynced =
    connections.unsynced === connections.synced
      ? synced
      : { db: connections.unsynced, sql: sqlOf(connections.unsynced) };
  let queue: Queued[] = [];
  let along: ((sql: Sql) => void)[] = [];
  let scheduled = false;
  let tries = 0;
  let waitingSince = 0;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    if (tries <= eagerTries) setImmediate(turn);
    else setTimeout(turn, 1 + random() * Math.min(tries - eagerTries, 5));
  };

  const failAll = (batch: readonly Queued[], error: unknown): void => {
    for (const { reject } of batch) reject(lostLock(error));
  };

  const commit = ({ db, sql }: typeof synced, batch: Queued[]): void => {
    const done: (() => void)[] = [];
    const started = performance.now();
    let taken = 0;
    try {
      for (const work of along) work(sql);
      for (const queued of batch) {
        const failed = attempt(sql, queued, () => db.isTransaction);
        done.push(failed ? () => queued.reject(failed.error) : queued.resolve);
        taken += 1;
        if (performance.now() - started > groupMs) break;
      }
      sql.run("COMMIT");
    } catch (error) {
      if (db.isTransaction) sql.run("ROLLBACK");
      failAll(batch, error);
      return;
    }
    along = [];
    queue = [...batch.slice(taken), ...queue];
    for (const settle of done) settle();
  };

  const turn = (): void => {
    scheduled = false;
    if (queue.length === 0 && along.length === 0) return;
    const connection = queue.some(({ durability }) => durability === "power-cut") ? synced : unsynced;
    if (tries === 0) waitingSince = performance.now();
    const batch = queue;
    try {
      if (begin(connection.sql)) {
        queue = [];
        tries = 0;
        commit(connection, batch);
      } else if (performance.now() - waitingSince > giveUpMs) throw new Error("the write lock was never free");
      else tries += 1;
    } catch (error) {
      queue = [];
      tries = 0;
      failAll(batch, error);
    }
    if (queue.length > 0 || tries > 0) schedule();
  };

  const write = <T>(durability: Durability, work: (sql: Sql) => T): Promise<T> =>
    // oxlint-disable-next-line promise/avoid-new -- resolved by the turn that commits
    new Promise<T>((resolve, reject) => {
      let result: T;
      queue.push({
        durability,
        run: (sql) => {
          result = work(sql);
        },
        resolve: () => resolve(result),
        reject,
      });
      schedule();
    });

  return {
    write,
    writeAlong: (work) => {
      along.push(work);
    },
    idle: async () => {
      if (queue.length > 0 || along.length > 0) await write("process-end", () => undefined);
    },
  };
};
