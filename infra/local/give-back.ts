import { readFileSync } from "node:fs";
import type { Log } from "../../functions/dependencies.ts";
import { noFaults, openEmbeddedEngine } from "./open-engine.ts";
import type { Settings } from "./settings.ts";
import { giveBackClaims, type SqliteEngine } from "./sqlite/open-engine.ts";
import { processIsAlive, type ProcessIdentity } from "./sqlite/processes.ts";

export interface GiveBack {
  /** Opens the store, which the first call of `now` does else. Throws UnusableDatabase. */
  open(): Promise<void>;
  /** Ends leases and claims of processes that are gone; true when there were any. One run at a time. */
  now(): Promise<boolean>;
  close(): Promise<void>;
}

/** The supervisor's own view of the store, opened on first use. On the AWS engine leases and claims run out by themselves. */
export const giveBackOf = (settings: Settings, log: Log): GiveBack =>
  settings.aws === undefined ? giveBackEmbedded(settings, log) : notEmbedded;

const notEmbedded: GiveBack = { open: async () => {}, now: async () => false, close: async () => {} };

const giveBackEmbedded = (settings: Settings, log: Log): GiveBack => {
  let opening: Promise<SqliteEngine> | undefined;
  let current: Promise<boolean> | undefined;
  const open = (): Promise<SqliteEngine> => {
    opening ??= openEmbeddedEngine(settings, noFaults).catch((cause: unknown) => {
      opening = undefined; // what failed may go well the next time
      throw cause;
    });
    return opening;
  };
  const giveBack = async () => {
    const given = await giveBackClaims(await open(), isRunning);
    if (given.processes > 0) log("info", "claims.given-back", { ...given });
    return given.processes > 0;
  };
  return {
    open: async () => void (await open()),
    now: () => {
      current ??= giveBack().finally(() => {
        current = undefined;
      });
      return current;
    },
    close: async () => {
      // What fails now was told to who asked for it, and must not keep the service from its end.
      await current?.catch(() => undefined);
      const engine = await opening?.catch(() => undefined);
      await engine?.close();
    },
  };
};

/** A process that ended but was not waited for (a container without init never does) still has its pid and start time. */
const isRunning = (identity: ProcessIdentity): boolean => processIsAlive(identity) && !isZombie(identity.pid);

const isZombie = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.startsWith("Z", stat.lastIndexOf(")") + 2);
  } catch {
    return false;
  }
};
