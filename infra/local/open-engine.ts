import { randomUUID } from "node:crypto";
import { writePathDefaults } from "../../functions/config.ts";
import type { FaultPoint } from "../../functions/fault-points.ts";
import type { Engine } from "../../shared/ports.ts";
import { databaseFile } from "./data-folder.ts";
import type { Settings } from "./settings.ts";
import { openSqliteEngine, type SqliteEngine } from "./sqlite/open-engine.ts";

export interface Faults {
  readonly reach: (point: FaultPoint) => void | Promise<void>;
  readonly armed: (point: FaultPoint) => boolean;
}

export const noFaults: Faults = { reach: () => {}, armed: () => false };

/** Kills this process, as `kill -9` does, when the armed point is reached for the `count`-th time. */
export const armedFaults = (fault: Settings["fault"], beforeEnd: () => void): Faults => {
  if (fault === undefined) return noFaults;
  let left = fault.count;
  return {
    armed: (point) => point === fault.point && left <= 1,
    reach: (point) => {
      if (point !== fault.point) return;
      left -= 1;
      if (left > 0) return;
      beforeEnd();
      process.kill(process.pid, "SIGKILL");
    },
  };
};

/** Opens the engine that the settings name, with the numbers of the write path. */
export const openEngine = async (settings: Settings, faults: Faults): Promise<Engine> => {
  const { aws } = settings;
  if (aws === undefined) return openEmbeddedEngine(settings, faults);
  // Loaded where it is used: the SDK takes time and memory that the embedded engine need not spend.
  const [{ awsClients }, { openAwsEngine }] = await Promise.all([
    import("../../functions/aws-clients.ts"),
    import("../../functions/aws-engine.ts"),
  ]);
  return openAwsEngine({ clients: awsClients(aws), names: aws.names, reach: faults.reach });
};

/** Opens the embedded engine of a data folder. */
export const openEmbeddedEngine = (settings: Settings, faults: Faults): Promise<SqliteEngine> => {
  const { leaseMs, visibilityS, maxReceiveCount } = writePathDefaults;
  return openSqliteEngine({
    file: databaseFile(settings.data),
    now: Date.now,
    random: Math.random,
    newId: randomUUID,
    leaseMs,
    visibilityS,
    maxReceiveCount,
    ...faults,
  });
};
