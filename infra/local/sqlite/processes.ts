import { readFileSync } from "node:fs";
import { keepEpochs } from "./lease-row.ts";
import type { LeaseRow } from "./lease-row.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

/** A process that may own leases and claims. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Tells processes apart that were given the same pid, one after the other; empty where the system does not tell. */
  readonly started: string;
}

type ProcessRow = { id: string; pid: number; started: string };

/** Field 22 of /proc/<pid>/stat (proc(5)); the second field may hold spaces and ends at the last ")". */
const startTicks = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
};

/** Ticks count from boot, so the boot belongs to the identity. */
const startOf = (pid: number): string => {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${startTicks(pid)}`;
  } catch {
    return "";
  }
};

export const identityOf = (pid: number): ProcessIdentity => ({ pid, started: startOf(pid) });

/** Whether a process with this pid and start time exists. */
export const processIsAlive = ({ pid, started }: ProcessIdentity): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return startOf(pid) === started;
};

const insertProcess = "INSERT INTO processes (id, pid, started) VALUES (?, ?, ?)";
const selectProcesses = "SELECT id, pid, started FROM processes";
const removeProcess = "DELETE FROM processes WHERE id = ?";

const dropLeases = "DELETE FROM leases WHERE process = ? RETURNING patient_id, epoch";

/** Receive counts stay: a message that ends its process must not look new. */
const showMessages = `
  UPDATE queue_messages SET visible_at = 0 WHERE visible_at > 0
  AND (queue, name) IN (SELECT queue, name FROM queue_groups WHERE process = ?)`;

const freeGroups = `
  UPDATE queue_groups SET available_at = 0, in_flight = 0, claim = NULL, process = NULL WHERE process = ?`;

export const registerProcess = (sql: Sql, id: string): void => {
  const { pid, started } = identityOf(process.pid);
  sql.run(insertProcess, id, pid, started);
};

/** What was given back. */
export interface GivenBack {
  readonly processes: number;
  readonly leases: number;
  readonly messages: number;
}

const giveBackOf = (sql: Sql, id: string): Omit<GivenBack, "processes"> => {
  const leases = sql.all<LeaseRow>(dropLeases, id);
  keepEpochs(sql, leases);
  const messages = sql.run(showMessages, id);
  sql.run(freeGroups, id);
  sql.run(removeProcess, id);
  return { leases: leases.length, messages };
};

/** Ends the leases and claims of one process, and forgets it. */
export const giveBackOwn = ({ writer, processId }: Store): Promise<unknown> =>
  writer.write("process-end", (sql) => giveBackOf(sql, processId));

/** Ends the leases and claims of processes that are gone. Fencing makes it safe even when one is alive after all. */
export const giveBackOfDead = async (
  { reader, writer, processId }: Store,
  isAlive: (identity: ProcessIdentity) => boolean,
): Promise<GivenBack> => {
  const known = reader.all<ProcessRow>(selectProcesses).filter(({ id }) => id !== processId);
  const gone = known.filter(({ pid, started }) => !isAlive({ pid, started }));
  if (gone.length === 0) return { processes: 0, leases: 0, messages: 0 };
  const given = await writer.write("process-end", (sql) => gone.map(({ id }) => giveBackOf(sql, id)));
  return {
    processes: gone.length,
    leases: given.reduce((sum, { leases }) => sum + leases, 0),
    messages: given.reduce((sum, { messages }) => sum + messages, 0),
  };
};
