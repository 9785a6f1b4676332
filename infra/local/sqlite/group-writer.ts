import type { DatabaseSync } from "node:sqlite";
import { Fault } from "../../../shared/errors.ts";
import { begin, commitGroup } from "./group-transaction.ts";
import type { Along, Connection, Durability, Queued } from "./group-transaction.ts";
import { sqlOf } from "./sql.ts";
import type { Sql } from "./sql.ts";

export interface GroupWriter {
  /**
   * Runs `work` in the next group transaction, and again in another when that one failed: what it throws undoes only its
   * own changes. Resolves after COMMIT. Throws Fault transient when the transaction could not be committed.
   */
  write<T>(durability: Durability, work: (sql: Sql) => T): Promise<T>;
  /** Joins the next transaction, whoever starts it, before its other work; a failure fails that transaction. */
  writeAlong(work: Along): void;
  /** Resolves when everything queued so far is committed. */
  flush(): Promise<void>;
}

interface Options {
  readonly db: DatabaseSync;
  readonly random: () => number;
}

/** After so long without the lock the writes fail as transient. */
const giveUpMs = 10_000;
/** Tries of the lock in consecutive turns of the event loop before timers are used. */
const eagerTries = 20;
/** A rest between two of them, ms: the transaction of another process takes a few of these. */
const napMs = 0.1;
const longestPauseMs = 5;

/** The state between turns: what waits, and since when the lock was asked for in vain. */
interface Waiting {
  queue: Queued[];
  readonly along: Along[];
  scheduled: boolean;
  tries: number;
  askedAt: number;
  /** A call threw: which one shows when each has a savepoint, which costs as much as a statement or two. */
  apart: boolean;
}

const failAll = (waiting: Waiting, cause: unknown): void => {
  waiting.tries = 0;
  for (const { reject } of waiting.queue.splice(0)) {
    reject(new Fault("transient", "the database could not take the write", {}, { cause }));
  }
};

/** Sets what the next COMMIT does, where it is not what the last one did. */
const durabilityOf = (db: DatabaseSync) => {
  let set: Durability | undefined;
  return (durability: Durability): void => {
    if (durability === set) return;
    db.exec(durability === "power-cut" ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    set = durability;
  };
};

type Writing = Connection & {
  readonly willSurvive: (durability: Durability) => void;
  readonly nap: () => void;
};

/** Commits what waits if the lock is free. */
const turn = (waiting: Waiting, writing: Writing): void => {
  const { queue, along, apart } = waiting;
  if (waiting.tries === 0) waiting.askedAt = performance.now();
  try {
    writing.willSurvive(queue.some(({ durability }) => durability === "power-cut") ? "power-cut" : "process-end");
    if (!begin(writing)) {
      waiting.tries += 1;
      if (waiting.tries <= eagerTries) writing.nap();
      if (performance.now() - waiting.askedAt > giveUpMs) throw new Error("the write lock was never free");
      return;
    }
    waiting.tries = 0;
    const answers = commitGroup(writing, { along, calls: queue, apart });
    waiting.apart = false;
    waiting.queue = queue.slice(answers.length);
    for (const { committed } of along.splice(0)) committed();
    for (const answer of answers) answer();
  } catch (error) {
    waiting.apart = !apart;
    if (apart) failAll(waiting, error);
  }
};

/** Stops this process for a moment, and leaves its core to the one that holds the lock. */
const napper = () => {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return (): void => void Atomics.wait(never, 0, 0, napMs);
};

/**
 * Group commit: the writes of one turn of the event loop share one transaction; no transaction spans an await. A lock
 * that is taken is asked for again from the event loop: SQLite's own busy time-out would stop everything else here.
 */
export const groupWriter = ({ db, random }: Options): GroupWriter => {
  const writing = { db, sql: sqlOf(db), willSurvive: durabilityOf(db), nap: napper() };
  const waiting: Waiting = { queue: [], along: [], scheduled: false, tries: 0, askedAt: 0, apart: false };
  const schedule = (): void => {
    if (waiting.scheduled) return;
    waiting.scheduled = true;
    if (waiting.tries <= eagerTries) setImmediate(run);
    else setTimeout(run, 1 + random() * Math.min(waiting.tries - eagerTries, longestPauseMs));
  };
  const run = (): void => {
    waiting.scheduled = false;
    turn(waiting, writing);
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
