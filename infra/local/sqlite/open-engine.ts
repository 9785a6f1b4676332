import type { EngineOptions } from "../../../functions/engine-options.ts";
import type { FaultPoint } from "../../../functions/fault-points.ts";
import type { Adoption } from "../../../shared/adoption.ts";
import type { Engine } from "../../../shared/ports.ts";
import { sqliteEffects } from "./effects.ts";
import { sender } from "./fifo-send.ts";
import { groupWriter } from "./group-writer.ts";
import { sqliteHeads } from "./heads.ts";
import { sqliteAdoption } from "./import-record.ts";
import { sqliteIntake } from "./intake.ts";
import { openFile } from "./open-file.ts";
import type { Connections } from "./open-file.ts";
import { sqliteOperations } from "./operations.ts";
import { sqlitePayloads } from "./payloads.ts";
import { giveBackOfDead, giveBackOwn, processIsAlive, registerProcess } from "./processes.ts";
import type { GivenBack, ProcessIdentity } from "./processes.ts";
import { sqliteQueue } from "./queue.ts";
import { sqliteSegments } from "./segments.ts";
import { snapshotReader } from "./snapshot-reader.ts";
import type { Store } from "./store.ts";
import { sqliteSummaries } from "./summaries.ts";
import { explained } from "./unusable-database.ts";

export interface SqliteEngineOptions extends EngineOptions {
  /** A path, or ":memory:". */
  readonly file: string;
  /** Whether a test wants to end the process at this point: what was written up to it is then committed first. */
  readonly armed?: (point: FaultPoint) => boolean;
  readonly tailBytes?: number;
  readonly sealedPacks?: number;
}

export interface SqliteEngine extends Engine {
  /** For records of another engine. */
  readonly adoption: Adoption;
  /** Ends leases and claims of processes that are gone. */
  giveBackClaims(isAlive: (identity: ProcessIdentity) => boolean): Promise<GivenBack>;
  /**
   * Moves what is committed from the log into the database file. Blocks this process for some ms, no other: called a
   * few times a second where nobody waits, it spares the committing processes the work.
   */
  checkpoint(): void;
}

const storeOf = (options: SqliteEngineOptions, connections: Connections): Store => ({
  ...options,
  reader: snapshotReader(connections.reader),
  writer: groupWriter({ db: connections.writer, random: options.random }),
  send: sender(),
  processId: options.newId(),
  armed: options.armed ?? (() => false),
});

/** The engine on connections that are open: closing it gives back this process's leases and claims, and closes them. */
export const engineOn = async (connections: Connections, options: SqliteEngineOptions): Promise<SqliteEngine> => {
  const store = storeOf(options, connections);
  await store.writer.write("process-end", (sql) => registerProcess(sql, store.processId));
  return {
    heads: sqliteHeads(store),
    operations: sqliteOperations(store),
    intake: sqliteIntake(store),
    payloads: sqlitePayloads(store),
    queue: sqliteQueue(store),
    segments: sqliteSegments(store),
    summaries: sqliteSummaries(store),
    effects: sqliteEffects(store),
    adoption: sqliteAdoption(store),
    limits: { tailBytes: options.tailBytes ?? 16_384, sealedPacks: options.sealedPacks ?? 16 },
    giveBackClaims: (isAlive) => giveBackOfDead(store, isAlive),
    checkpoint: () => {
      connections.writer.exec("PRAGMA wal_checkpoint(PASSIVE)");
    },
    ping: async () => {
      store.reader.get("SELECT 1 FROM processes LIMIT 1");
    },
    close: async () => {
      await giveBackOwn(store);
      connections.close();
    },
  };
};

/** Opens the embedded engine on one SQLite file; several processes may share it. Throws UnusableDatabase. */
export const openSqliteEngine = async (options: SqliteEngineOptions): Promise<SqliteEngine> => {
  const connections = openFile(options.file);
  try {
    return await engineOn(connections, options);
  } catch (error) {
    connections.close();
    throw explained(error, options.file);
  }
};

/** For the supervisor, when a worker died and at its own start. Receive counts stay. */
export const giveBackClaims = (
  engine: SqliteEngine,
  isAlive: (identity: ProcessIdentity) => boolean = processIsAlive,
): Promise<GivenBack> => engine.giveBackClaims(isAlive);
