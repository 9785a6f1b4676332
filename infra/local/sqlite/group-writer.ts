import { Fault } from "../../../shared/errors.ts";
import { begin, commitGroup } from "./group-transaction.ts";
import type { Along, Connection, Durability, Queued } from "./group-transaction.ts";
import type { Connections } from "./open-file.ts";
import { sqlOf } from "./sql.ts";
import type { Sql } from "./sql.ts";

export interface GroupWriter {
  /**
   * Runs `work` in the next group transaction, in a savepoint of its own: what it throws undoes only its own changes.
   * Resolves after COMMIT. Throws Fault transient when the transaction could not be committed.
   */
  write<T>(durability: Durability, work: (sql: Sql) => T): Promise<T>;
  /** Joins the next transaction, whoever starts it, before its other work; a failure fails that transaction. */
  writeAlong(work: Along): void;
  /** Resolves when everything queued so far is committed. */
  flush(): Promise<void>;
}

interface Options {
  readonly connections: Connections;
  readonly random: () => number;
}

/** After so long without the lock the writes fail as transient. */
const giveUpMs = 10_000;
/** Tries of the lock in consecutive turns of the event loop before timers are used. */
const eagerTries = 4;
const longestPauseMs = 5;

const connectionsOf = ({ synced, unsynced }: Connections): Record<Durability, Connection> => {
  const first = { db: synced, sql: sqlOf(synced) };
  const second = unsynced === synced ? first : { db: unsynced, sql: sqlOf(unsynced) };
  return { "power-cut": first, "process-end": second };
};

/** The state between turns: what waits, and since when the lock was asked for in vain. */
interface Waiting {
  queue: Queued[];
  readonly along: Along[];
  scheduled: boolean;
  tries: number;
  askedAt: number;
}

const failAll = (waiting: Waiting, cause: unknown): void => {
  waiting.tries = 0;
  for (const { reject } of waiting.queue.splice(0)) {
    reject(new Fault("transient", "the database could not take the write", {}, { cause }));
  }
};

/** Commits what waits if the lock is free. */
const turn = (waiting: Waiting, connections: Record<Durability, Connection>): void => {
  const { queue, along } = waiting;
  const isPromised = queue.some(({ durability }) => durability === "power-cut");
  const connection = connections[isPromised ? "power-cut" : "process-end"];
  if (waiting.tries === 0) waiting.askedAt = performance.now();
  try {
    if (!begin(connection)) {
      waiting.tries += 1;
      if (performance.now() - waiting.askedAt > giveUpMs) throw new Error("the write lock was never free");
      return;
    }
    waiting.tries = 0;
    const answers = commitGroup(connection, along, queue);
    waiting.queue = queue.slice(answers.length);
    for (const { committed } of along.splice(0)) committed();
    for (const answer of answers) answer();
  } catch (error) {
    failAll(waiting, error);
  }
};

/**
 * Group commit: the writes of one turn of the event loop share one transaction; no transaction spans an await. A lock
 * that is taken is asked for again from the event loop: SQLite's own busy time-out would stop everything else here.
 */
export const groupWriter = ({ connections, random }: Options): GroupWriter => {
  const byDurability = connectionsOf(connections);
  const waiting: Waiting = { queue: [], along: [], scheduled: false, tries: 0, askedAt: 0 };
  const schedule = (): void => {
    if (waiting.scheduled) return;
    waiting.scheduled = true;
    if (waiting.tries <= eagerTries) setImmediate(run);
    else setTimeout(run, 1 + random() * Math.min(waiting.tries - eagerTries, longestPauseMs));
  };
  const run = (): void => {
    waiting.scheduled = false;
    turn(waiting, byDurability);
    if (waiting.queue.length > 0) schedule();
  };
  const write = <T>(durability: Durability, work: (sql: Sql) => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const call = { answer: (): void => undefined };
    waiting.queue.push({
      durability,
      run: (sql) => {
        const result = work(sql);
        call.answer = () => resolve(result);
      },
      resolve: () => call.answer(),
      reject,
    });
    schedule();
    return promise;
  };
  return {
    write,
    writeAlong: (work) => {
      waiting.along.push(work);
    },
    flush: () => write("process-end", () => undefined),
  };
};
