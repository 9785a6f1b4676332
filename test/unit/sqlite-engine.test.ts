import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import { openFile } from "../../infra/local/sqlite/open-file.ts";
import { groupWriter } from "../../infra/local/sqlite/group-writer.ts";
import { engineOn, giveBackClaims, openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { identityOf, processIsAlive } from "../../infra/local/sqlite/processes.ts";
import { aFolder, openSqlite, openSqliteOnFile, sqliteOptions } from "../support/engines.ts";
import {
  aPatientId,
  aSettlement,
  aSubmission,
  anOperation,
  anOutcome,
  messageOf,
  submitted,
} from "../support/an-operation.ts";

/** Transactions in the log of a database: a frame that ends one tells the size of the database after it (SQLite, "WAL file format"). */
const commitsIn = (file: string): number => {
  const log = readFileSync(`${file}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
};

describe("calls of one turn", () => {
  test.for([
    { name: "in memory", open: openSqlite },
    { name: "on a file", open: openSqliteOnFile },
  ])("share a transaction $name, and a failing one undoes only itself", async ({ open }) => {
    await using under = await open();
    const { engine } = under;
    const [one, other] = [aPatientId(), aPatientId()];
    await engine.heads.acquire(one, "writer-1");
    const operation = await submitted(engine, { patientId: one });
    const fenced = aSettlement(one, { epoch: 7, outcomes: [anOutcome(operation)] });
    const late = aSettlement(one, { outcomes: [anOutcome(operation), anOutcome(anOperation())] });
    const answers = await Promise.allSettled([
      engine.heads.acquire(other, "writer-1"),
      engine.heads.settle(fenced),
      engine.intake.submit(aSubmission({ patientId: other })),
      engine.heads.settle(late),
      engine.heads.acquire(one, "writer-2"),
      engine.heads.settle(aSettlement(one, { outcomes: [anOutcome(operation)] })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect((await engine.operations.get([operation.id]))[0]?.state).toBe("committed");
    expect((await engine.heads.read(other))?.epoch).toBe(1);
  });

  test("commit once", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    const connections = openFile(file);
    const engine = await engineOn(connections, sqliteOptions({ file }));
    const before = commitsIn(file);
    // The clock stands still: what does not fit in a few milliseconds of it waits for the next transaction.
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      await Promise.all(Array.from({ length: 20 }, () => engine.intake.submit(aSubmission())));
    } finally {
      vi.useRealTimers();
    }
    expect(commitsIn(file) - before).toBe(1);
    await engine.close();
  });

  test("all fail as transient when the database cannot take the write, and later ones work", async () => {
    await using under = await openSqliteOnFile();
    const { engine, connections } = under;
    connections.writer.exec("PRAGMA max_page_count = 1");
    const big = { operation: anOperation(), payload: new Uint8Array(900_000) };
    await expect(engine.intake.submit(big)).rejects.toBeInstanceOf(Error);
    connections.writer.exec("PRAGMA max_page_count = 1000000000");
    expect(await engine.intake.submit(big)).toMatchObject({ created: true });
  });

  test("are not answered before COMMIT: one that fails there is a fault, and leaves nothing", async () => {
    using db = new DatabaseSync(":memory:");
    db.exec("PRAGMA foreign_keys = ON; CREATE TABLE parents (id INTEGER PRIMARY KEY)");
    db.exec("CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)");
    const { write } = groupWriter({ db, random: Math.random });
    const written = write("power-cut", (sql) => sql.run("INSERT INTO children (parent) VALUES (1)"));
    await expect(written).rejects.toMatchObject({ code: "transient" });
    expect(db.prepare("SELECT * FROM children").all()).toEqual([]);
  });

  test("wait for a lock that another process holds, without stopping the event loop", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    const connections = openFile(file);
    const engine = await engineOn(connections, sqliteOptions({ file }));
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 5);
    let isDone = false;
    const waiting = engine.intake.submit(aSubmission()).then(() => (isDone = true));
    await expect.poll(() => turns, { timeout: 20_000 }).toBeGreaterThan(20);
    expect(isDone).toBe(false);
    // SQLite's own waiting, however short, would stop everything else in the process.
    expect(connections.writer.prepare("PRAGMA busy_timeout").get()).toEqual({ timeout: 0 });
    other.exec("COMMIT");
    await waiting;
    clearInterval(ticking);
    other.close();
    await engine.close();
  });
});

const rows = ({ connections }: Awaited<ReturnType<typeof openSqliteOnFile>>): unknown =>
  connections.reader.prepare("SELECT count(*) AS n FROM segments").get()?.["n"];

describe("a power cut", () => {
  const [normal, full] = [1, 2];

  test("undoes nothing that was promised: its COMMIT is synced, that of a lease or a claim is not", async () => {
    await using under = await openSqliteOnFile();
    const { engine, connections } = under;
    const patientId = aPatientId();
    const levelAfter = async (call: Promise<unknown>): Promise<unknown> => {
      await call;
      return connections.writer.prepare("PRAGMA synchronous").get()?.["synchronous"];
    };
    const submission = aSubmission({ patientId });
    const { operation } = submission;
    const outcome = anOutcome(operation);
    expect(await levelAfter(engine.heads.acquire(patientId, "writer-1"))).toBe(normal);
    expect(await levelAfter(engine.intake.submit(submission))).toBe(full);
    expect(await levelAfter(engine.queue.receive(1))).toBe(normal);
    expect(await levelAfter(engine.operations.park({ ...outcome, state: "parked" }))).toBe(full);
    expect(await levelAfter(engine.heads.release(patientId, "another"))).toBe(normal);
    expect(await levelAfter(engine.operations.redrive(operation.id))).toBe(full);
    expect(await levelAfter(engine.heads.release(patientId, "another"))).toBe(normal);
    const outcomes = [{ ...outcome, attempt: 2 }];
    expect(await levelAfter(engine.heads.settle(aSettlement(patientId, { outcomes })))).toBe(full);
  });
});

describe("a segment", () => {
  const bytes = Buffer.from("pack");
  test("waits for its settle and is stored with it", async () => {
    await using under = await openSqliteOnFile();
    const { heads, segments } = under.engine;
    const patientId = aPatientId();
    await heads.acquire(patientId, "writer-1");
    await segments.put(patientId, "000000w1-a", bytes);
    expect(rows(under)).toBe(0);
    expect(Buffer.from(await segments.get(patientId, "000000w1-a")).toString()).toBe("pack");
    await heads.settle(aSettlement(patientId));
    expect(rows(under)).toBe(1);
  });

  test("without a settle is stored soon", async () => {
    await using under = await openSqliteOnFile();
    await under.engine.segments.put(aPatientId(), "000000w1-a", bytes);
    await expect.poll(() => rows(under), { timeout: 20_000 }).toBe(1);
  });

  test("is stored at once when a test stops the process after it", async () => {
    await using under = await openSqliteOnFile({ armed: (point) => point === "after-segment" });
    await under.engine.segments.put(aPatientId(), "000000w1-a", bytes);
    expect(rows(under)).toBe(1);
  });
});

describe("a fault point of the way in", () => {
  test.for([
    { point: "after-payload", stored: { payloads: 1, operations: 0, queue_messages: 0 } },
    { point: "after-operation-row", stored: { payloads: 1, operations: 1, queue_messages: 0 } },
    { point: "after-send", stored: { payloads: 1, operations: 1, queue_messages: 1 } },
  ] as const)("$point finds what was written so far committed", async ({ point, stored }) => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    const found: unknown[] = [];
    const engine = await openSqliteEngine(
      sqliteOptions({
        file,
        armed: (asked) => asked === point,
        reach: (reached) => {
          if (reached !== point) return;
          using db = new DatabaseSync(file);
          const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
          found.push(Object.fromEntries(Object.keys(stored).map((table) => [table, count(table)])));
        },
      }),
    );
    await engine.intake.submit(aSubmission());
    expect(found).toEqual([stored]);
    await engine.close();
  });

  test("leaves no payload of a body that lost the race for the row", async () => {
    await using under = await openSqlite({ armed: () => true });
    const { intake, payloads } = under.engine;
    const { operation, payload } = aSubmission();
    await intake.submit({ operation, payload });
    const loser = { ...operation, requestHash: "0".repeat(64) };
    expect(await intake.submit({ operation: loser, payload })).toEqual({ operation, created: false });
    const { items } = await payloads.listOlder("2030-01-01T00:00:00.000Z", { limit: 10 });
    expect(items.map(({ requestHash }) => requestHash)).toEqual([operation.requestHash]);
  });

  test("counts also where it is not armed yet", async () => {
    const reached: string[] = [];
    await using under = await openSqlite({ reach: (point) => void reached.push(point) });
    await under.engine.intake.submit(aSubmission());
    expect(reached).toEqual(["after-payload", "after-operation-row", "after-send"]);
  });
});

describe("claims of a process that is gone", () => {
  /** Nothing runs out here by itself. */
  const long = { leaseMs: 60_000, visibilityS: 60 };

  test("are given back, and counts stay", async () => {
    using folder = aFolder();
    const options = sqliteOptions({ file: join(folder.path, "casenotes.db"), ...long });
    const [gone, living, supervisor] = await Promise.all([1, 2, 3].map(() => openSqliteEngine(options)));
    const [lost, kept] = [aPatientId(), aPatientId()];
    await submitted(gone!, { patientId: lost });
    await submitted(gone!, { patientId: lost });
    await gone!.heads.acquire(lost, "writer-1");
    const stale = await gone!.queue.receive(10);
    await submitted(living!, { patientId: kept });
    await living!.heads.acquire(kept, "writer-2");
    await living!.queue.receive(10);
    // All three are this very process: both that are asked about count as gone.
    const given = await giveBackClaims(supervisor!, () => false);
    expect(given.processes).toBe(2);
    expect(given.leases + given.messages).toBe(5);
    expect((await supervisor!.heads.acquire(lost, "writer-3")).epoch).toBe(2);
    await supervisor!.queue.delete(stale.map(({ receipt }) => receipt));
    const again = await supervisor!.queue.receive(10);
    expect(again.map(({ receiveCount }) => receiveCount)).toEqual([2, 2, 2]);
    for (const engine of [gone!, living!, supervisor!]) await engine.close();
  });

  test("are not taken from this process, which is alive", async () => {
    using folder = aFolder();
    const options = sqliteOptions({ file: join(folder.path, "casenotes.db"), ...long });
    const [one, other] = await Promise.all([openSqliteEngine(options), openSqliteEngine(options)]);
    const patientId = aPatientId();
    await one!.heads.acquire(patientId, "writer-1");
    expect(await giveBackClaims(other!)).toEqual({ processes: 0, leases: 0, messages: 0 });
    await expect(other!.heads.acquire(patientId, "writer-2")).rejects.toMatchObject({ code: "lease-busy" });
    await one!.close();
    expect((await other!.heads.acquire(patientId, "writer-2")).epoch).toBe(2);
    await other!.close();
  });

  test("are told apart from those of a new process with the same pid", () => {
    const me = identityOf(process.pid);
    expect(processIsAlive(me)).toBe(true);
    expect(processIsAlive({ ...me, started: "another boot 1" })).toBe(false);
    expect(processIsAlive({ pid: 4_194_304, started: "" })).toBe(false);
  });
});

const mode = (path: string): number => statSync(path).mode & 0o777;

describe("the file", () => {
  test("and its folder can be read by their owner only", async () => {
    using folder = aFolder();
    const file = join(folder.path, "data", "casenotes.db");
    const engine = await openSqliteEngine(sqliteOptions({ file }));
    await submitted(engine);
    expect([mode(join(folder.path, "data")), mode(file), mode(`${file}-wal`), mode(`${file}-shm`)]).toEqual([
      0o700, 0o600, 0o600, 0o600,
    ]);
    await engine.close();
  });

  test("of a newer version is refused with the remedy", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    await (await openSqliteEngine(sqliteOptions({ file }))).close();
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    await expect(openSqliteEngine(sqliteOptions({ file }))).rejects.toThrow(/newer Casenotes.*upgrade/u);
  });

  test("of another program is refused", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE theirs (id)");
    db.close();
    await expect(openSqliteEngine(sqliteOptions({ file }))).rejects.toThrow(/another program/u);
  });

  test.for([
    ["that is no database", (file: string) => writeFileSync(file, "x".repeat(10_000))],
    [
      "with a damaged first page",
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec("CREATE TABLE t (id); PRAGMA user_version = 1");
        db.close();
        writeFileSync(file, Buffer.alloc(4_000, 7), { flag: "r+" });
      },
    ],
  ] as const)("%s is refused with the remedy", async ([, damage]) => {
    using folder = aFolder();
    mkdirSync(join(folder.path, "data"));
    const file = join(folder.path, "data", "casenotes.db");
    damage(file);
    await expect(openSqliteEngine(sqliteOptions({ file }))).rejects.toThrow(/damaged or not a database: restore/u);
  });

  test("can be created by several at once", async () => {
    using folder = aFolder();
    const options = sqliteOptions({ file: join(folder.path, "casenotes.db") });
    const engines = await Promise.all(Array.from({ length: 4 }, () => openSqliteEngine(options)));
    const operation = await submitted(engines[0]!);
    for (const engine of engines) {
      expect(await engine.operations.get([operation.id])).toEqual([operation]);
      await engine.close();
    }
  });
});

test("the patient that waited longest is served first, and one that was just served goes behind the others", async () => {
  await using under = await openSqlite();
  const { queue } = under.engine;
  const [first, second, third] = [aPatientId(), aPatientId(), aPatientId()];
  for (const patientId of [first, first, second, third]) {
    await queue.send(messageOf(anOperation({ patientId })));
    await under.passTime(1);
  }
  const served: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    const [message] = await queue.receive(1);
    served.push(message?.group ?? "");
    await under.passTime(1);
    await queue.delete([message?.receipt ?? ""]);
  }
  expect(served).toEqual([first, second, third, first]);
});

test("dismissing an operation takes its payload in the same transaction", async () => {
  await using under = await openSqlite();
  const { engine } = under;
  const { id, requestHash } = await submitted(engine);
  const key = { operationId: id, requestHash };
  const outcome = anOutcome((await engine.operations.get([id]))[0]!, { state: "parked", commit: null });
  await engine.operations.park(outcome);
  expect((await engine.payloads.get([key]))[0]).toBeInstanceOf(Uint8Array);
  await engine.operations.dismiss({ ...outcome, state: "rejected" });
  expect(await engine.payloads.get([key])).toEqual([undefined]);
});
