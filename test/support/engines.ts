import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connections } from "../../infra/local/sqlite/open-file.ts";
import { openFile } from "../../infra/local/sqlite/open-file.ts";
import { engineOn } from "../../infra/local/sqlite/open-engine.ts";
import type { SqliteEngine, SqliteEngineOptions } from "../../infra/local/sqlite/open-engine.ts";
import type { Identifier } from "../../shared/head.ts";
import type { OperationState } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";

/** Writes to the store past the ports, to violate one condition and nothing else. */
export interface Tamper {
  setHead(patientId: string, commit: string | null): Promise<void>;
  setEpoch(patientId: string, epoch: number): Promise<void>;
  setGeneration(patientId: string, generation: number): Promise<void>;
  /** A lease of `owner` that ends `ms` from now. */
  setLease(patientId: string, owner: string, ms: number): Promise<void>;
  leaseOwner(patientId: string): Promise<string | null>;
  setOperation(id: string, over: { state?: OperationState; attempt?: number }): Promise<void>;
  setIdentifierOwner(identifier: Identifier, patientId: string): Promise<void>;
  /** Removes an operation's row only. */
  removeOperation(id: string): Promise<void>;
}

/** One engine with an empty store, and what a contract suite needs beside its ports. */
export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: Engine;
  readonly tamper: Tamper;
  /** Times the engine was opened with. */
  readonly leaseMs: number;
  readonly visibilityMs: number;
  readonly maxReceiveCount: number;
  /** The engine's clock, ms. */
  now(): number;
  /** Lets time pass for the engine: an engine with a clock of its own waits. */
  passTime(ms: number): Promise<void>;
}

export type OpenEngine = (over?: Partial<SqliteEngineOptions>) => Promise<EngineUnderTest>;

/** What the embedded engine's own tests need beside the contract. */
export interface SqliteUnderTest extends EngineUnderTest {
  readonly engine: SqliteEngine;
  readonly connections: Connections;
}

const shortTimes = { leaseMs: 300, visibilityS: 1, maxReceiveCount: 3 };

export const sqliteOptions = (over: Partial<SqliteEngineOptions> = {}): SqliteEngineOptions => ({
  file: ":memory:",
  now: Date.now,
  random: Math.random,
  newId: randomUUID,
  reach: () => undefined,
  ...shortTimes,
  ...over,
});

const sqliteTamper = ({ writer }: Connections, now: () => number): Tamper => {
  const run = async (text: string, ...values: (string | number | null)[]): Promise<void> => {
    writer.prepare(text).run(...values);
  };
  return {
    setHead: (id, commit) => run("UPDATE heads SET commit_id = ? WHERE patient_id = ?", commit, id),
    setEpoch: async (id, epoch) => {
      await run("UPDATE heads SET epoch = ? WHERE patient_id = ?", epoch, id);
      await run("UPDATE leases SET epoch = ? WHERE patient_id = ?", epoch, id);
    },
    setGeneration: (id, generation) => run("UPDATE heads SET generation = ? WHERE patient_id = ?", generation, id),
    setLease: (id, owner, ms) =>
      run(
        `INSERT INTO leases (patient_id, epoch, owner, until, process) SELECT ?3, epoch, ?1, ?2, '' FROM heads
        WHERE patient_id = ?3 ON CONFLICT (patient_id) DO UPDATE SET owner = excluded.owner, until = excluded.until`,
        owner,
        now() + ms,
        id,
      ),
    leaseOwner: async (id) => {
      const row = writer.prepare("SELECT owner FROM leases WHERE patient_id = ?").get(id);
      return (row?.["owner"] ?? null) as string | null;
    },
    setOperation: (id, { state = null, attempt = null }) =>
      run(
        "UPDATE operations SET state = coalesce(?, state), attempt = coalesce(?, attempt) WHERE id = ?",
        state,
        attempt,
        id,
      ),
    setIdentifierOwner: ({ system, value }, id) =>
      run("INSERT OR REPLACE INTO identifiers (system, value, patient_id) VALUES (?, ?, ?)", system, value, id),
    removeOperation: (id) => run("DELETE FROM operations WHERE id = ?", id),
  };
};

/** Opens the embedded engine with a clock that moves only when told. */
export const openSqlite = async (over: Partial<SqliteEngineOptions> = {}): Promise<SqliteUnderTest> => {
  const clock = { now: Date.parse("2026-11-21T09:00:00.000Z") };
  const options = sqliteOptions({ now: () => clock.now, ...over });
  const connections = openFile(options.file);
  const engine = await engineOn(connections, options);
  return {
    engine,
    connections,
    tamper: sqliteTamper(connections, options.now),
    leaseMs: options.leaseMs,
    visibilityMs: options.visibilityS * 1_000,
    maxReceiveCount: options.maxReceiveCount,
    now: options.now,
    passTime: async (ms) => {
      clock.now += ms;
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
};

/** A folder of its own, removed in the end. */
export const aFolder = (): { readonly path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), "casenotes-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

/** The embedded engine on a file of its own. */
export const openSqliteOnFile = async (over: Partial<SqliteEngineOptions> = {}): Promise<SqliteUnderTest> => {
  const folder = aFolder();
  const opened = await openSqlite({ file: join(folder.path, "casenotes.db"), ...over });
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened.engine.close();
      folder[Symbol.dispose]();
    },
  };
};

/** Engines that every contract suite runs on. */
export const engines: readonly { readonly name: string; readonly open: OpenEngine }[] = [
  { name: "SQLite in memory", open: openSqlite },
  { name: "SQLite on a file", open: openSqliteOnFile },
];
