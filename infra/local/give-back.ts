import type { Log } from "../../functions/dependencies.ts";
import { noFaults, openEngine } from "./open-engine.ts";
import type { Settings } from "./settings.ts";
import { giveBackClaims, type SqliteEngine } from "./sqlite/open-engine.ts";

export interface GiveBack {
  /** Ends leases and claims of processes that are gone, so that nobody waits for a time-out. */
  now(): Promise<void>;
  close(): Promise<void>;
}

/** The supervisor's own view of the store, opened on first use. */
export const giveBackOf = (settings: Settings, log: Log): GiveBack => {
  let opening: Promise<SqliteEngine> | undefined;
  return {
    now: async () => {
      const given = await giveBackClaims(await (opening ??= openEngine(settings, noFaults)));
      if (given.processes > 0) log("info", "claims.given-back", { ...given });
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
};
