import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { pagesOf } from "../../functions/pages.ts";
import { sweep } from "../../functions/sweep.ts";
import { backUp } from "../../infra/local/backup.ts";
import { checkDatabase } from "../../infra/local/doctor/check-database.ts";
import { openReadOnlyEngine } from "../../infra/local/doctor/read-only-engine.ts";
import { restore } from "../../infra/local/restore.ts";
import { giveBackClaims, openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { openFile } from "../../infra/local/sqlite/open-file.ts";
import { aFolder, openSqlite, sqliteOptions } from "../support/engines.ts";
import { openWritePath } from "../support/write-path.ts";

const dump = readFileSync(new URL("../support/version-1.sql", import.meta.url), "utf8");
const [long, waiting, parked, leased] = ["1", "2", "3", "4"].map(
  (n) => `${n}0000000-0000-4000-8000-00000000000${n}`,
) as [string, string, string, string];

/** A file as version 1 left it when its processes were killed: an operation waits, one is parked, one is claimed. */
const anOldFile = (folder: string): string => {
  const file = join(folder, "casenotes.db");
  using db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec(dump);
  return file;
};

const tablesOf = (db: DatabaseSync): readonly unknown[] =>
  db
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    .all()
    .map(({ type, name, sql }) => [type, name, String(sql).replaceAll(/--.*|"|\s+/gu, "")]);

describe("a file of version 1", () => {
  test("has the tables of a new file once it is opened", () => {
    using folder = aFolder();
    const opened = openFile(anOldFile(folder.path));
    const fresh = openFile(":memory:");
    expect(tablesOf(opened.reader)).toEqual(tablesOf(fresh.reader));
    expect(opened.reader.prepare("PRAGMA user_version").get()).toEqual(
      fresh.reader.prepare("PRAGMA user_version").get(),
    );
    for (const connections of [opened, fresh]) connections.close();
  });

  test("keeps its records, operations, queue and leases, and its work goes on", async () => {
    using folder = aFolder();
    const under = await openSqlite({ file: anOldFile(folder.path), maxReceiveCount: 1_000, leaseMs: 20_000 });
    const path = await openWritePath(under);
    const { engine, connections } = under;
    expect(await path.history(long)).toHaveLength(3);
    expect((await engine.heads.read(long))?.epoch).toBe(3);
    const { items } = await engine.summaries.find({ limit: 10 });
    expect(items.map(({ patientId, commits }) => [patientId, commits])).toEqual([
      [long, 3],
      [waiting, 1],
      [parked, 1],
      [leased, 1],
    ]);
    await expect(engine.heads.acquire(leased, "writer-2")).rejects.toMatchObject({ code: "lease-busy" });
    expect((await engine.heads.read(leased))?.epoch).toBe(2);
    expect(await giveBackClaims(engine)).toEqual({ processes: 1, leases: 1, messages: 2 });
    const [aside] = (await engine.operations.list({ patientId: parked, state: "parked", limit: 1 })).items;
    const { id: operationId, attempt } = await engine.operations.redrive(aside!.id);
    await engine.intake.send({ operationId, patientId: parked, attempt });
    await path.deliverAll();
    for (const id of [waiting, parked, leased]) expect(await path.history(id)).toHaveLength(2);
    expect((await engine.heads.read(leased))?.epoch).toBe(3);
    await path.passTime(3 * 60_000);
    await sweep(path.deps);
    const left = [];
    for await (const payload of pagesOf((page) => engine.payloads.listOlder("2100-01-01T00:00:00.000Z", page)))
      left.push(payload);
    expect(left).toEqual([]);
    expect(await checkDatabase(connections.reader)).toEqual([]);
    await engine.close();
  });

  test("is brought up to date once, by whichever of several opens it first", async () => {
    using folder = aFolder();
    const options = sqliteOptions({ file: anOldFile(folder.path) });
    const engines = await Promise.all(Array.from({ length: 4 }, () => openSqliteEngine(options)));
    for (const engine of engines) {
      expect((await engine.heads.read(long))?.commits).toBe(3);
      await engine.close();
    }
  });

  test("is not examined or copied before that, and the reason says what to do", async () => {
    using folder = aFolder();
    const file = anOldFile(folder.path);
    await expect(openReadOnlyEngine(file)).rejects.toThrow(/older Casenotes \(schema 1, .* once \(npm start\)/u);
    await (await openSqliteEngine(sqliteOptions({ file }))).close();
    const { engine } = await openReadOnlyEngine(file);
    expect((await engine.heads.read(long))?.commits).toBe(3);
    await engine.close();
  });

  test("is backed up as it is, and brought up to date when the backup is restored", async () => {
    using folder = aFolder();
    anOldFile(folder.path);
    using elsewhere = aFolder();
    const [file, target] = [join(elsewhere.path, "backup"), join(elsewhere.path, "restored")];
    expect((await backUp(folder.path, file, () => undefined)).patients).toBe(4);
    await restore(file, target);
    const { engine } = await openReadOnlyEngine(join(target, "casenotes.db"));
    expect((await engine.heads.read(leased))?.epoch).toBe(2);
    await engine.close();
  });
});
