import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { readArguments } from "../../infra/local/copy/copy-arguments.ts";
import type { TreeState } from "../../shared/git/record-tree.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { decodeSnapshot, encodeSnapshot } from "../../shared/git/snapshot.ts";
import {
  addNotes,
  aPatientWith,
  holdings,
  openClinicIn,
  runCopy,
  runModule,
  twoEngines,
} from "../support/copied-clinic.ts";
import { demographicsPath } from "../../shared/record/paths.ts";
import { aFolder, type SqliteUnderTest } from "../support/engines.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "../support/write-path.ts";

const ownWritePath = (there: SqliteUnderTest): Promise<WritePath> => openWritePath(there);

test("a record with other changes at the destination is left alone there, and the others are copied", async () => {
  const { source, there, copy } = await twoEngines();
  const [ahead, diverged, other, free] = await Promise.all([5, 5, 5, 5].map((notes) => aPatientWith(source, notes)));
  await copy();
  const writing = await ownWritePath(there);
  await addNotes(writing, ahead!, 2);
  await addNotes(writing, diverged!, 2);
  await addNotes(source, diverged!, 3);
  await addNotes(source, free!, 1);
  const id = randomUUID();
  await source.submit(id, createCommand());
  await writing.submit(id, createCommand());
  await Promise.all([source.deliverAll(), writing.deliverAll()]);
  const before = await holdings(there.engine, [ahead!, diverged!, other!, id]);
  const report = await copy();
  expect(Object.fromEntries(report.notCopied.map(({ patientId, why }) => [patientId, why]))).toEqual({
    [ahead!]: "its record at the destination has changes that the source has not",
    [diverged!]: "its record at the destination has another history",
    [id]: "its record at the destination has another history",
  });
  expect(report).toMatchObject({ patients: 5, copied: 1, operations: 1 });
  expect(await holdings(there.engine, [ahead!, diverged!, other!, id])).toEqual(before);
  expect(await holdings(there.engine, [free!])).toEqual(await holdings(source.engine, [free!]));
});

test("a record that only the destination has is left alone", async () => {
  const { source, there, copy } = await twoEngines();
  const id = randomUUID();
  await source.submit(id, putCommand("notes/a.md", "x"));
  await source.deliverAll();
  const writing = await ownWritePath(there);
  await writing.submit(id, createCommand());
  await writing.deliverAll();
  const before = await holdings(there.engine, [id]);
  const report = await copy();
  expect(report.notCopied).toEqual([
    { patientId: id, why: "its record at the destination has changes that the source has not" },
  ]);
  expect(await holdings(there.engine, [id])).toEqual(before);
});

test("a patient whose operations wait is not copied and is named; once they are settled it is", async () => {
  const { source, there, copy } = await twoEngines();
  const waiting = await aPatientWith(source, 2);
  const unborn = randomUUID();
  await source.submit(waiting, putCommand("notes/late.md", "x"));
  await source.submit(unborn, createCommand());
  const report = await copy();
  const why = "operations of it wait: let them be settled, then copy it";
  expect(report.notCopied).toEqual([
    { patientId: waiting, why },
    { patientId: unborn, why },
  ]);
  expect(await there.engine.heads.read(waiting)).toBeUndefined();
  await source.deliverAll();
  expect(await copy()).toMatchObject({ patients: 2, copied: 2, notCopied: [] });
});

test("an identifier that is another's at the destination keeps only its patient from being copied", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 2);
  const other = await aPatientWith(source, 2);
  const writing = await ownWritePath(there);
  const identifiers = [{ system: "urn:example:mrn", value: patient }];
  await writing.submit(randomUUID(), createCommand({ identifiers }));
  await writing.deliverAll();
  const report = await copy();
  expect(report.notCopied).toEqual([
    { patientId: patient, why: "an identifier of it belongs to another patient at the destination" },
  ]);
  const now = await holdings(there.engine, [patient, other]);
  expect(now[patient]).toEqual({ head: undefined, segments: {}, operations: [], summary: undefined });
  expect(now[other]?.head).toBeDefined();
});

test.for([1, 4])(
  "an identifier that one patient gave up and another has got moves, %i at a time",
  async (concurrency) => {
    const { source, there, copy } = await twoEngines();
    const system = "urn:example:mrn";
    const identifiersOf = (value: string) => [{ system, value }];
    const [giver, taker] = [randomUUID(), randomUUID()].toSorted().toReversed() as [string, string];
    const rename = async (id: string, value: string) => {
      const tree = (await source.deps.records.current(id))!.tree;
      const content = `${tree.pinned(demographicsPath)}`.replace(/value: .*/, `value: ${value}`);
      await source.submit(id, { type: "UpdateDemographics", content, ifMatch: tree.file(demographicsPath)!.oid });
      await source.deliverAll();
    };
    await source.submit(giver, createCommand({ identifiers: identifiersOf("one") }));
    await source.submit(taker, createCommand({ identifiers: identifiersOf("two") }));
    await source.deliverAll();
    await copy({}, concurrency);
    await rename(giver, "three");
    await rename(taker, "one");
    expect(await copy({}, concurrency)).toMatchObject({ copied: 2, notCopied: [] });
    const ownerOf = async (value: string) =>
      (await there.engine.summaries.find({ identifier: { system, value }, limit: 2 })).items.map(
        (one) => one.patientId,
      );
    expect([await ownerOf("one"), await ownerOf("two"), await ownerOf("three")]).toEqual([[taker], [], [giver]]);
  },
);

test("a fencing number that the destination has used is not used again, though the source's is lower", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 2);
  await copy();
  for (let n = 0; n < 9; n++) {
    await there.engine.heads.acquire(patient, "another-writer");
    await there.engine.heads.release(patient, "another-writer");
  }
  const { epoch } = await there.engine.heads.acquire(patient, "a-writer-at-work");
  await addNotes(source, patient, 1);
  expect(await copy()).toMatchObject({ copied: 1, notCopied: [] });
  const head = await there.engine.heads.read(patient);
  expect(head?.commit).toBe((await source.engine.heads.read(patient))?.commit);
  expect(head?.epoch).toBeGreaterThan(epoch);
});

test("an operation that was dismissed at the destination and redriven at the source is left as it ended", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 1);
  const operation = await source.submit(patient, putCommand("notes/parked.md", "x"));
  const nothing = { commit: null, resource: null, etag: null, problem: null, settledAt: "2026-11-21T09:00:01.000Z" };
  const end = { operationId: operation.id, attempt: 1, ...nothing };
  await source.engine.operations.park({ ...end, state: "parked" });
  await copy();
  await there.engine.operations.dismiss({ ...end, state: "rejected" });
  await source.engine.operations.dismiss({ ...end, state: "rejected", settledAt: "2026-11-21T10:00:00.000Z" });
  const report = await copy();
  expect(report.notCopied).toEqual([
    { patientId: patient, why: `operation ${operation.id} has another outcome at the destination` },
  ]);
  expect((await there.engine.operations.get([operation.id]))[0]?.settledAt).toBe(end.settledAt);
});

test("a patient that is written to meanwhile is copied again, and is whole in the end", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 3);
  let writes = 2;
  const { segments } = source.engine;
  const report = await copy({
    segments: {
      ...segments,
      get: async (...asked) => {
        const bytes = await segments.get(...asked);
        if (writes > 0) {
          writes -= 1;
          await addNotes(source, patient, 1);
        }
        return bytes;
      },
    },
  });
  expect(report.notCopied).toEqual([]);
  expect(writes).toBe(0);
  expect(await holdings(there.engine, [patient])).toEqual(await holdings(source.engine, [patient]));
});

test("a record that is damaged at the source gets no head at the destination", async () => {
  const { under, source, there, copy } = await twoEngines();
  const [damaged, missing, longer, sound] = [
    await aPatientWith(source, 30),
    await aPatientWith(source, 3),
    await aPatientWith(source, 30),
    await aPatientWith(source, 3),
  ];
  const oldest = Object.keys((await source.engine.heads.read(damaged!))!.packs).toSorted()[0]!;
  const part = "SELECT bytes FROM segments WHERE patient_id = ? AND id = ?";
  const bytes = Buffer.from(under.connections.writer.prepare(part).get(damaged!, oldest)!["bytes"] as Uint8Array);
  bytes[40] = bytes[40]! ^ 1;
  under.connections.writer
    .prepare("UPDATE segments SET bytes = ? WHERE patient_id = ? AND id = ? AND part = 0")
    .run(bytes, damaged!, oldest);
  under.connections.writer.prepare("DELETE FROM segments WHERE patient_id = ?").run(missing!);
  under.connections.writer.prepare("UPDATE heads SET commits = commits + 1 WHERE patient_id = ?").run(longer!);
  const report = await copy();
  expect(report.notCopied.map(({ patientId }) => patientId).toSorted()).toEqual(
    [damaged!, longer!, missing!].toSorted(),
  );
  const whyOf = (id: string) => report.notCopied.find(({ patientId }) => patientId === id)?.why;
  expect(whyOf(damaged!)).toMatch(/damaged: run doctor there/);
  expect(whyOf(longer!)).toMatch(/damaged: run doctor there .*does not end at the head's commit/);
  expect(whyOf(missing!)).toMatch(/^segment \S+ is gone: run doctor at the source$/);
  for (const id of [damaged!, longer!, missing!]) expect(await there.engine.heads.read(id)).toBeUndefined();
  expect((await there.engine.heads.read(sound!))?.commits).toBe(4);
});

/** A patient whose segments are sealed but the newest, which holds only the changes since. */
const aPatientWithTail = async (source: WritePath): Promise<string> => {
  const id = await aPatientWith(source, 30);
  const newestIsSealed = async () => {
    const { packs } = (await source.engine.heads.read(id))!;
    return packs[segmentsInOrder(packs).at(-1)!]!.sealed;
  };
  while (await newestIsSealed()) await addNotes(source, id, 1);
  return id;
};

/** Changes the snapshot of a patient's oldest segment, or of its newest, where it is stored. */
const alterSnapshot = async (
  { under, source }: Awaited<ReturnType<typeof twoEngines>>,
  [patient, at]: readonly [patient: string, at: 0 | -1],
  alter: (snapshot: Buffer, base: TreeState | undefined) => void,
) => {
  const { packs } = (await source.engine.heads.read(patient))!;
  const order = segmentsInOrder(packs);
  const snapshotOf = async (id: string) => {
    const { pack, snapshot } = packs[id]!;
    const bytes = Buffer.from(await source.engine.segments.get(patient, id));
    return { bytes, stored: bytes.subarray(pack, pack + snapshot) };
  };
  const id = order.at(at)!;
  const { bytes, stored } = await snapshotOf(id);
  const isTail = !packs[id]!.sealed;
  expect(isTail).toBe(at === -1);
  alter(stored, isTail ? decodeSnapshot((await snapshotOf(order.at(-2)!)).stored).tree : undefined);
  const update = "UPDATE segments SET bytes = ? WHERE patient_id = ? AND id = ?";
  expect(under.connections.writer.prepare(update).run(bytes, patient, id).changes).toBe(1);
};

const overwriteFourBytes = (snapshot: Buffer): void => {
  const middle = snapshot.length >> 1;
  snapshot.fill(0xa5, middle, middle + 4);
};

/** The stream is sound, but what it says is not the log's. */
const nameAnotherCommit = (stored: Buffer, base: TreeState | undefined): void => {
  const changed = encodeSnapshot({ ...decodeSnapshot(stored, base), commit: "1".repeat(40) }, base);
  expect(changed.length).toBe(stored.length);
  stored.set(changed);
};

test("a record with a damaged snapshot, or one of another commit, gets no head at the destination", async () => {
  const engines = await twoEngines();
  const { source, there, copy } = engines;
  const [sealed, tail, other] = [
    await aPatientWithTail(source),
    await aPatientWithTail(source),
    await aPatientWithTail(source),
  ];
  const sound = await aPatientWith(source, 3);
  await alterSnapshot(engines, [sealed, 0], overwriteFourBytes);
  await alterSnapshot(engines, [tail, -1], overwriteFourBytes);
  await alterSnapshot(engines, [other, -1], nameAnotherCommit);
  const { notCopied } = await copy();
  const damaged = "the source's record is damaged: run doctor there";
  expect(Object.fromEntries(notCopied.map(({ patientId, why }) => [patientId, why]))).toEqual({
    [sealed]: `${damaged} (A segment's snapshot cannot be read.)`,
    [tail]: `${damaged} (A segment's snapshot cannot be read.)`,
    [other]: `${damaged} (The history is not whole: a segment's snapshot is not of its last commit.)`,
  });
  for (const id of [sealed, tail, other]) expect(await there.engine.heads.read(id)).toBeUndefined();
  expect((await there.engine.heads.read(sound))?.commits).toBe(4);
});

/** Overwrites the first page of a table or index in a file that nobody has open. */
const zeroFirstPageOf = (file: string, table: string): void => {
  const db = new DatabaseSync(file);
  const root = Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table)!["rootpage"]);
  const pageSize = Number(db.prepare("PRAGMA page_size").get()!["page_size"]);
  db.exec("PRAGMA journal_mode = DELETE");
  db.close();
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0, (root - 1) * pageSize, root * pageSize));
};

test.for([
  ["segments", 1, / is not copied: a database is damaged: run doctor at the source and at the destination\.\n/],
  ["sqlite_autoindex_heads_1", 2, /^A database is damaged: run doctor on both\.\n$/],
] as const)("a source whose %s cannot be read ends the command with code %i and no trace", async (asked) => {
  const [table, code, text] = asked;
  using root = aFolder();
  const from = join(root.path, "from");
  const path = await openClinicIn(from);
  const patient = await aPatientWith(path, 3);
  await path.engine.close();
  zeroFirstPageOf(join(from, "casenotes.db"), table);
  const copied = await runCopy(from, join(root.path, "to"));
  expect(copied.stderr).toMatch(text);
  expect(copied.stderr).not.toMatch(/^\s+at /m);
  expect(copied.code).toBe(code);
  const there = await openClinicIn(join(root.path, "to"));
  expect(await there.engine.heads.read(patient)).toBeUndefined();
  await there.engine.close();
});

test.for([
  [[], "--from must be embedded:FOLDER or aws."],
  [["--from", "embedded:a", "--to", "elsewhere"], "--to must be embedded:FOLDER or aws."],
  [["--from", "embedded:", "--to", "aws"], "--from must be embedded:FOLDER or aws."],
  [["--from", "aws", "--to", "aws"], "One of --from and --to must be embedded:FOLDER: the environment names one AWS"],
  [["--from", "aws", "--to", "embedded:a", "--concurrency", "0"], "--concurrency must be a number from 1 to 64."],
  [["--from", "aws", "--to", "embedded:a", "--concurrency", "65"], "--concurrency must be a number from 1 to 64."],
  [["--everything"], "Unknown option '--everything'"],
] as const)("the flags %j are refused", ([args, text]) => {
  expect(() => readArguments(args)).toThrow(text);
});

test("the command says what is wrong in a line or two, and its exit code says which kind it is", async () => {
  using root = aFolder();
  const from = join(root.path, "from");
  const path = await openClinicIn(from);
  const patient = await aPatientWith(path, 1);
  await path.submit(patient, putCommand("notes/late.md", "x"));
  await path.engine.close();
  const file = join(root.path, "file");
  writeFileSync(file, "");
  const foreign = join(root.path, "foreign");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "casenotes.db"), "not a database\n".repeat(1_000));
  const noDatabase = `${foreign}/casenotes.db is damaged or not a database: restore a backup (npm run restore).\n`;
  const place = `embedded:${from}`;
  const cases = [
    [["--from", place, "--to", place], "--from and --to are the same folder."],
    [["--from", `embedded:${root.path}/none`, "--to", `${place}2`], `There is no data in ${root.path}/none.`],
    [["--from", place, "--to", `embedded:${file}`], `${file} cannot be used (EEXIST).`],
    [["--from", `embedded:${foreign}`, "--to", `${place}2`], noDatabase],
    [["--from", place, "--to", `embedded:${foreign}`], noDatabase],
    [["--from", place, "--to", "aws"], "CASENOTES_BUCKET is missing"],
  ] as const;
  const runs = await Promise.all(cases.map(([args]) => runModule("infra/local/commands/copy.ts", args)));
  for (const [index, { code, stdout, stderr }] of runs.entries()) {
    const text = cases[index]![1];
    expect([code, stdout, stderr.includes(text) ? text : stderr]).toEqual([2, "", text]);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
  const waiting = await runCopy(from, `${from}2`);
  expect(waiting.code).toBe(1);
  expect(waiting.stderr).toContain(`${patient} is not copied: operations of it wait`);
});
