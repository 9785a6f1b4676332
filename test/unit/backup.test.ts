import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { backUp } from "../../infra/local/backup.ts";
import { databaseFile } from "../../infra/local/data-folder.ts";
import { restore } from "../../infra/local/restore.ts";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { aFolder, sqliteOptions } from "../support/engines.ts";
import { aLeasedRecord, aSubmission, submitted } from "../support/an-operation.ts";

const aDataFolder = (root: string): string => {
  const folder = join(root, "data");
  mkdirSync(join(folder, "issuer"), { recursive: true });
  writeFileSync(join(folder, "issuer", "key.json"), `{"kty":"OKP"}`);
  writeFileSync(join(folder, "signing-key"), Buffer.from([0, 255, 10]));
  return folder;
};

/** Leases and claims that do not run out before they are looked at. */
const openIn = (folder: string) =>
  openSqliteEngine(sqliteOptions({ file: databaseFile(folder), leaseMs: 60_000, visibilityS: 60 }));

const command = (name: "backup" | "restore", args: readonly string[], data: string) =>
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", `infra/local/commands/${name}.ts`, ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], CASENOTES_DATA: data },
  });

const noProgress = (): void => undefined;

describe("a backup", () => {
  test("is one moment of the store, made while others write, and restores to the same store", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    const file = join(root.path, "backup");
    const engine = await openIn(folder);
    const before = await submitted(engine);
    for (let n = 0; n < 40; n += 1) await Promise.all(Array.from({ length: 50 }, () => submitted(engine)));
    const stop = new AbortController();
    const steps: number[] = [];
    const writing = (async () => {
      while (!stop.signal.aborted) await engine.intake.submit(aSubmission());
    })();
    const content = await backUp(folder, file, (done) => steps.push(done));
    stop.abort();
    await writing;
    await engine.close();
    expect(steps.length).toBeGreaterThan(1);
    expect(content).toMatchObject({ files: 2, patients: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const restored = join(root.path, "restored");
    await restore(file, restored);
    using db = new DatabaseSync(databaseFile(restored));
    const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
    expect([count("operations"), count("payloads"), count("queue_messages")]).toEqual(
      Array.from({ length: 3 }, () => content.operations),
    );
    expect(content.operations).toBeGreaterThanOrEqual(2_001);
    expect(readFileSync(join(restored, "issuer", "key.json"), "utf8")).toBe(`{"kty":"OKP"}`);
    expect(readFileSync(join(restored, "signing-key"))).toEqual(Buffer.from([0, 255, 10]));
    for (const name of ["casenotes.db", "signing-key", "issuer/key.json"])
      expect(statSync(join(restored, name)).mode & 0o777).toBe(0o600);
    const again = await openIn(restored);
    expect(await again.operations.get([before.id])).toEqual([before]);
    await again.close();
  });

  test("holds no lease and no claim once it is restored", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    const engine = await openIn(folder);
    const patientId = await aLeasedRecord(engine);
    await submitted(engine);
    await engine.queue.receive(10);
    await backUp(folder, join(root.path, "backup"), noProgress);
    await engine.close();
    await restore(join(root.path, "backup"), join(root.path, "restored"));
    const again = await openIn(join(root.path, "restored"));
    expect((await again.heads.acquire(patientId, "writer-9")).epoch).toBe(3);
    expect((await again.queue.receive(10)).map(({ receiveCount }) => receiveCount)).toEqual([2]);
    await again.close();
  });

  test("never overwrites a file", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    await (await openIn(folder)).close();
    const file = join(root.path, "backup");
    writeFileSync(file, "mine");
    await expect(backUp(folder, file, noProgress)).rejects.toMatchObject({ code: "EEXIST" });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(readdirSync(root.path).toSorted()).toEqual(["backup", "data"]);
  });
});

describe("restoring", () => {
  test("refuses a folder that is not empty, and leaves it alone", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    await (await openIn(folder)).close();
    const file = join(root.path, "backup");
    await backUp(folder, file, noProgress);
    const before = readdirSync(folder);
    await expect(restore(file, folder)).rejects.toThrow(/is not empty/u);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("refuses a file that is no backup, a truncated one and one of a newer version, and leaves nothing", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    await (await openIn(folder)).close();
    const target = join(root.path, "target");
    await expect(restore(databaseFile(folder), target)).rejects.toThrow(/is not a backup/u);
    await expect(restore(join(folder, "signing-key"), target)).rejects.toThrow(/not a backup/u);
    const newer = join(root.path, "newer");
    await backUp(folder, newer, noProgress);
    const db = new DatabaseSync(newer);
    db.exec("PRAGMA user_version = 99");
    db.close();
    await expect(restore(newer, target)).rejects.toThrow(/newer Casenotes/u);
    const torn = join(root.path, "torn");
    await backUp(folder, torn, noProgress);
    truncateSync(torn, statSync(torn).size - 40_000);
    await expect(restore(torn, target)).rejects.toThrow(/damaged/u);
    expect(readdirSync(target)).toEqual([]);
  });
});

/** A backup on which a statement was run. */
const tampered = async (root: string, statement: (db: DatabaseSync) => string) => {
  const folder = aDataFolder(root);
  await (await openIn(folder)).close();
  const file = join(root, "backup");
  await backUp(folder, file, noProgress);
  using db = new DatabaseSync(file);
  db.exec(statement(db));
  return file;
};

describe("a backup that was tampered with", () => {
  test.for(["../outside", "/outside", "issuer/../../outside", "issuer//outside", "./outside"])(
    "is refused where it names the file %s, and nothing is left",
    async (name) => {
      using root = aFolder();
      const file = await tampered(
        root.path,
        () => `UPDATE backup_files SET name = '${name}' WHERE name = 'signing-key'`,
      );
      const target = join(root.path, "target");
      await expect(restore(file, target)).rejects.toThrow(/a file outside the data folder/u);
      expect(readdirSync(target)).toEqual([]);
      expect(readdirSync(root.path).toSorted()).toEqual(["backup", "data", "target"]);
    },
  );

  test("is refused where a page of it is damaged that restoring itself does not read", async () => {
    using root = aFolder();
    const file = await tampered(root.path, () => "SELECT 1");
    const pageOf = (table: string): number => {
      using db = new DatabaseSync(file);
      return Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table)?.["rootpage"]);
    };
    const bytes = readFileSync(file);
    bytes.fill(0xff, (pageOf("summaries") - 1) * 2_048, pageOf("summaries") * 2_048);
    writeFileSync(file, bytes);
    const target = join(root.path, "target");
    await expect(restore(file, target)).rejects.toThrow(/is damaged/u);
    expect(readdirSync(target)).toEqual([]);
  });
});

describe("the commands", () => {
  test("back up and restore, and say what they did", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    const engine = await openIn(folder);
    await submitted(engine);
    await engine.close();
    const file = join(root.path, "backup");
    const made = command("backup", [file], folder);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toContain("1 operations, 2 files");
    const restored = command("restore", [file], join(root.path, "restored"));
    expect(restored).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(databaseFile(join(root.path, "restored")))).toBe(true);
  });

  test.for([
    ["backup", [], 2, /Name one file[^]*npm run backup -- FILE/u],
    ["backup", ["a", "b"], 2, /npm run backup -- FILE/u],
    ["backup", ["--force", "a"], 2, /--force[^]*npm run backup -- FILE/u],
    ["backup", ["/nowhere/backup"], 1, /^There is no database in \S+data\.\n$/u],
    ["restore", [], 2, /npm run restore -- FILE/u],
    ["restore", ["/nowhere/backup"], 1, /no file/u],
  ] as const)("%s %o ends with code %i and says why", ([name, args, status, text]) => {
    using root = aFolder();
    const ended = command(name, args, join(root.path, "data"));
    expect(ended.stderr).toMatch(text);
    expect(ended).toMatchObject({ status, stdout: "" });
  });

  test("backup into a folder that is not there names that folder", async () => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    await (await openIn(folder)).close();
    const ended = command("backup", [join(root.path, "none", "backup")], folder);
    expect(ended.stderr).toBe(`There is no folder ${join(root.path, "none")} for the backup.\n`);
    expect(ended).toMatchObject({ status: 1, stdout: "" });
  });

  test.for([
    ["a file that is no database", /is damaged or not a database: restore a backup \(npm run restore\)\.\n$/u],
    ["another program's database", /is a database of another program: choose another data folder\.\n$/u],
  ] as const)("backup of %s says so in one line and leaves nothing", ([what, text]) => {
    using root = aFolder();
    const folder = aDataFolder(root.path);
    if (what.startsWith("a file")) writeFileSync(databaseFile(folder), "not a database\n".repeat(1_000));
    else new DatabaseSync(databaseFile(folder)).exec("CREATE TABLE theirs (a)");
    const ended = command("backup", [join(root.path, "backup")], folder);
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr.split("\n")).toHaveLength(2);
    expect(ended).toMatchObject({ status: 1, stdout: "" });
    expect(readdirSync(root.path)).toEqual(["data"]);
  });
});
