import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { giveBackClaims, openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { aFolder, sqliteOptions } from "../support/engines.ts";
import { aPatientId } from "../support/an-operation.ts";

const child = (...args: readonly string[]) => {
  const script = new URL("../support/sqlite-child.ts", import.meta.url).pathname;
  const started = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  started.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    /** Whether it lives; what it said of its end is on our own standard error. */
    isRunning: () => started.exitCode === null && started.signalCode === null,
    /** Whole lines only: the last one may be torn by the kill. */
    told: (what: string): string[][] => {
      const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
      return lines.map((line) => line.split(" ")).filter(([word]) => word === what);
    },
    kill: async (): Promise<void> => {
      const closed = once(started, "close");
      started.kill("SIGKILL");
      await closed;
    },
  };
};

const aRun = async (folder: string, seconds: number) => {
  const file = join(folder, "casenotes.db");
  const patients = Array.from({ length: 8 }, aPatientId);
  const submitter = child("submit", file, ...patients);
  const workers = [child("work", file), child("work", file)];
  const all = [submitter, ...workers];
  const enough = (): boolean => workers.every((worker) => worker.told("settled").length > 20);
  // Before the poll ends a process that broke down is told of.
  await expect.poll(() => enough() || all.some(({ isRunning }) => !isRunning()), { timeout: 20_000 }).toBe(true);
  expect(all.map(({ isRunning }) => isRunning())).toEqual([true, true, true]);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await Promise.all(all.map(({ kill }) => kill()));
  return { file, patients, submitted: submitter.told("submitted"), settled: workers.flatMap((w) => w.told("settled")) };
};

test("everything that was resolved is there after kill -9 of three processes, and each operation once", async () => {
  using folder = aFolder();
  const { file, patients, submitted, settled } = await aRun(folder.path, 1);
  expect(new Set(settled.map(([, id]) => id)).size).toBe(settled.length);
  const engine = await openSqliteEngine(sqliteOptions({ file }));
  const ids = submitted.map(([, id]) => id!);
  const kept = await engine.operations.get(ids);
  expect(ids.filter((_, n) => kept[n] === undefined)).toEqual([]);
  const rows = await engine.operations.get(settled.map(([, id]) => id!));
  expect(settled.filter((_, n) => rows[n]?.state !== "committed")).toEqual([]);
  await engine.close();

  using db = new DatabaseSync(file);
  const committed = db.prepare("SELECT count(*) AS n FROM operations WHERE patient_id = ? AND state = 'committed'");
  const head = db.prepare("SELECT commits, packs FROM heads WHERE patient_id = ?");
  const segment = db.prepare("SELECT 1 AS found FROM segments WHERE patient_id = ? AND id = ?");
  for (const patientId of patients) {
    const row = head.get(patientId);
    expect(row?.["commits"]).toBe(committed.get(patientId)?.["n"]);
    for (const id of Object.keys(JSON.parse(String(row?.["packs"])) as object)) {
      expect(segment.get(patientId, id)).toMatchObject({ found: 1 });
    }
  }
  expect(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]).toBe("ok");
});

test("leases and messages of killed processes are given back at once, by pid and start time", async () => {
  using folder = aFolder();
  const { file, patients } = await aRun(folder.path, 0);
  const engine = await openSqliteEngine(sqliteOptions({ file, leaseMs: 20_000, visibilityS: 90 }));
  expect((await giveBackClaims(engine)).processes).toBe(3);
  for (const patientId of patients) {
    const { epoch } = await engine.heads.acquire(patientId, "writer-1");
    expect(epoch).toBeGreaterThan(0);
  }
  expect((await engine.queue.depth()).inFlight).toBe(0);
  await engine.close();
});
