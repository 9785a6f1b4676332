import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Log } from "../../../functions/dependencies.ts";
import { databaseFile } from "../../../infra/local/data-folder.ts";
import { giveBackOf } from "../../../infra/local/give-back.ts";
import { readSettings } from "../../../infra/local/settings.ts";
import { identityOf, type ProcessIdentity } from "../../../infra/local/sqlite/processes.ts";
import { aFolder } from "../../support/engines.ts";

const aGiveBack = (folder: string) => {
  const events: string[] = [];
  const log: Log = (_level, event) => void events.push(event);
  const data = join(folder, "data");
  return { data, events, giveBack: giveBackOf(readSettings({ CASENOTES_DATA: data }, []), log) };
};

/** As another process does it, of which this one hears in a turn of the event loop at the earliest. */
const register = async (data: string, id: string, { pid, started }: ProcessIdentity): Promise<void> => {
  using db = new DatabaseSync(databaseFile(data), { timeout: 1_000 });
  db.prepare("INSERT INTO processes (id, pid, started) VALUES (?, ?, ?)").run(id, pid, started);
  await nextTurn();
};

/** Larger than any pid of Linux. */
const nobody: ProcessIdentity = { pid: 4_194_305, started: "" };

/** A process that has ended and whose parent never asks how; `end` ends the parent. */
const aZombie = async () => {
  const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8"), { timeout: 10_000 }).toMatch(/\) Z /u);
  return { pid, end: () => parent.kill("SIGKILL") };
};

describe("the supervisor's give-back", () => {
  test("takes from each process once that it is gone, whenever that shows", async () => {
    using folder = aFolder();
    const { data, events, giveBack } = aGiveBack(folder.path);
    expect(await giveBack.now()).toBe(false);
    await register(data, "one", nobody);
    expect(await giveBack.now()).toBe(true);
    expect(await giveBack.now()).toBe(false);
    await register(data, "two", nobody);
    expect(await giveBack.now()).toBe(true);
    expect(events).toEqual(["claims.given-back", "claims.given-back"]);
    await giveBack.close();
  });

  test("takes from a process that has ended and was not waited for", async () => {
    using folder = aFolder();
    const { data, giveBack } = aGiveBack(folder.path);
    await giveBack.open();
    const { pid, end } = await aZombie();
    await register(data, "zombie", identityOf(pid));
    await register(data, "alive", identityOf(process.pid));
    expect(await giveBack.now()).toBe(true);
    expect(await giveBack.now()).toBe(false);
    end();
    await giveBack.close();
  });

  test("opens the store the next time where it could not, and is closed while it cannot", async () => {
    using folder = aFolder();
    const { data, giveBack } = aGiveBack(folder.path);
    writeFileSync(data, "not a folder");
    await expect(giveBack.open()).rejects.toThrow(/EEXIST|ENOTDIR/u);
    await expect(giveBack.now()).rejects.toThrow(/EEXIST|ENOTDIR/u);
    const failing = giveBack.now();
    failing.catch(() => undefined);
    await giveBack.close();
    rmSync(data);
    expect(await giveBack.now()).toBe(false);
    await giveBack.close();
  });
});
