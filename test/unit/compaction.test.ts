import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compactPatient } from "../../functions/compact.ts";
import { drain } from "../../functions/drain.ts";
import { compactedSegment, dueForCompaction } from "../../shared/git/compaction.ts";
import { decodeFooter } from "../../shared/git/footer.ts";
import { mergeSegments, sourceInMemory, type TreeBody } from "../../shared/git/merge-segments.ts";
import type { PackMap } from "../../shared/git/pack-map.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { openRepository } from "../../shared/git/repository.ts";
import { segmentCache } from "../../shared/git/segment-cache.ts";
import { loadState, type ReadSegment } from "../../shared/git/state.ts";
import { aPack, aPatientId } from "../support/an-operation.ts";
import { openSqlite } from "../support/engines.ts";
import { gitFolder, gitServer } from "../support/git-server.ts";
import { commitTo, dependenciesOn } from "../support/sqlite-record.ts";
import { storedRecord } from "../support/stored-record.ts";

const large = 8 * 1024 * 1024 + 1;

/** Sealed packs of these sizes, oldest first, and a tail. */
const packsOf = (...sizes: readonly number[]): PackMap => {
  const packs: Record<string, ReturnType<typeof aPack>> = { tail: aPack({ first: 1_000 }) };
  for (const [n, pack] of sizes.entries()) packs[`s${n}`] = aPack({ first: n, pack, sealed: true });
  return packs;
};

test.for([
  ["as many packs as are allowed are left alone", [1, 1, 1], []],
  ["one more is due, all of them together", [1, 1, 1, 1], ["s0", "s1", "s2", "s3"]],
  ["a large pack is left out", [large, 1, 1, 1, 1], ["s1", "s2", "s3", "s4"]],
  ["small ones behind a large one do not count with it", [large, 1, 1, 1], []],
  ["too many large ones are the next tier", [large, large, large, large, 1], ["s0", "s1", "s2", "s3"]],
  ["a small one between large ones belongs to them", [large, 1, large, large, 1], ["s0", "s1", "s2", "s3"]],
  ["none is due in an empty repository", [], []],
] as const)("%s", ([, sizes, due]) => {
  expect(dueForCompaction(packsOf(...sizes), 3)).toEqual(due);
});

/** A folder large enough that its tree is stored as a delta of the one before. */
const manyNotes = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`notes/n-${n}.md`, `${n}\n`]));

/** A record whose trees go A, B, A across sealed segments, as deltas of each other. */
const backAndForth = async () => {
  const record = storedRecord();
  const commits = [await record.commit({ ...manyNotes, "notes/a.md": "B\n" }, true)];
  for (let n = 0; n < 6; n++) commits.push(await record.commit({ "notes/a.md": n % 2 === 0 ? "A\n" : "B\n" }, true));
  return { ...record, commits };
};

type Stored = Awaited<ReturnType<typeof backAndForth>>;

/** Reads of a record's segments. */
const readAny =
  ({ segments }: Pick<Stored, "segments">): ReadSegment =>
  async (id, range) =>
    segments.get(id)!.subarray(range?.from, range?.to);

const sealedOf = ({ head }: Pick<Stored, "head">) =>
  segmentsInOrder(head().packs).filter((id) => head().packs[id]?.sealed);

const sealedBytes = (record: Pick<Stored, "head" | "segments">): readonly Uint8Array[] =>
  sealedOf(record).map((id) => record.segments.get(id)!);

const merge = (segments: readonly Uint8Array[], treeBody?: TreeBody) =>
  mergeSegments(segments.map(sourceInMemory), treeBody);

/** Bodies of trees, read from the record as it is, and the ids of those that were asked for. */
const bodiesOf = ({ head, source }: Pick<Stored, "head" | "source">) => {
  const { packs } = head();
  const read = source.read as ReadSegment;
  const repository = openRepository({ patientId: "p", packs, commits: 0, read, cache: segmentCache(1024 * 1024) });
  const asked: string[] = [];
  const treeBody: TreeBody = async (oid) => {
    asked.push(oid);
    return (await repository.object((await repository.find(oid))!)).body;
  };
  return { asked, treeBody };
};

/** Merges all sealed segments of a record. */
const compacted = async (record: Stored, generation = 0) => {
  const { packs } = record.head();
  const read = readAny(record);
  const merged = await compactedSegment({ packs, generation }, sealedOf(record), { read, random: "merged" });
  record.replace(merged.packs.put, new Map([[merged.id, merged.bytes]]), merged.packs.remove);
  return merged;
};

test("a merged segment holds each object once, the first copy, in the order of history", async () => {
  const record = await backAndForth();
  const sources = sealedBytes(record);
  const entries = sources.flatMap((bytes) => decodeFooter(bytes).inPackOrder());
  const { bytes, lengths } = await merge(sources);
  const merged = decodeFooter(bytes).inPackOrder();
  expect(merged.map(({ oid }) => oid)).toEqual([...new Set(entries.map(({ oid }) => oid))]);
  expect(merged.length).toBeLessThan(entries.length);
  expect(bytes).toHaveLength(lengths.pack + lengths.snapshot + lengths.footer);
});

test("stock git takes the merged pack, strictly, with every delta resolved in it", async () => {
  const record = await backAndForth();
  const { bytes, lengths } = await merge(sealedBytes(record));
  await using client = await gitFolder();
  execFileSync("git", ["init", "-q", "--bare", client.folder]);
  const input = bytes.subarray(0, lengths.pack);
  const args = ["index-pack", "--stdin", "--strict", "--fsck-objects"];
  expect(execFileSync("git", args, { cwd: client.folder, input, encoding: "utf8" })).toMatch(/^pack\t[0-9a-f]{40}/);
});

/** How many of these packs stock git takes, each alone on top of those before it. */
const takenByGit = async (packs: readonly Uint8Array[]): Promise<number> => {
  await using client = await gitFolder();
  execFileSync("git", ["init", "-q", "--bare", client.folder]);
  const args = ["index-pack", "--stdin", "--fix-thin", "--strict"];
  const taken = packs.map((input) => execFileSync("git", args, { cwd: client.folder, input, encoding: "utf8" }));
  return taken.filter((line) => line.startsWith("pack\t")).length;
};

const packOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, decodeFooter(bytes).pack);

test("a tree that leads round to itself in a merge of the newer segments is written whole", async () => {
  const record = await backAndForth();
  const sources = sealedBytes(record);
  for (let leftOut = 1; leftOut < sources.length - 1; leftOut++) {
    const newer = sources.slice(leftOut);
    const { asked, treeBody } = bodiesOf(record);
    const merged = (await merge(newer, treeBody)).bytes;
    expect(await takenByGit([...sources.slice(0, leftOut), merged].map(packOf))).toBe(leftOut + 1);
    for (const oid of asked) expect(decodeFooter(merged).find(oid)).toMatchObject({ type: "tree", depth: 0 });
  }
});

test("a merge without the bodies of such trees is refused", async () => {
  const record = await backAndForth();
  const newer = sealedBytes(record).slice(1);
  const { asked, treeBody } = bodiesOf(record);
  await merge(newer, treeBody);
  expect(asked.length).toBeGreaterThan(0);
  await expect(merge(newer)).rejects.toThrow("A merge lacks a tree");
  await expect(merge(newer, async () => undefined)).rejects.toThrow("A merge lacks a tree");
});

test("any neighbours merged, and merged again with the newer ones, are taken by stock git", async () => {
  const edits = fc.array(fc.constantFrom("A", "B", "C"), { minLength: 4, maxLength: 10 });
  const part = fc.record({ from: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 2, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(edits, part, async (contents, { from, count }) => {
      const record = storedRecord();
      await record.commit(manyNotes, true);
      for (const content of contents) await record.commit({ "notes/n-7.md": content }, true);
      const mergedOf = async (segments: readonly Uint8Array[]): Promise<Uint8Array> =>
        (await merge(segments, bodiesOf(record).treeBody)).bytes;
      const sources = sealedBytes(record);
      const older = sources.slice(0, from);
      const newer = sources.slice(from + count);
      const merged = await mergedOf(sources.slice(from, from + count));
      for (const packs of [
        [...older, merged, ...newer],
        [...older, await mergedOf([merged, ...newer])],
      ]) {
        expect(await takenByGit(packs.map(packOf))).toBe(packs.length);
      }
    }),
    { numRuns: 15 },
  );
});

test("a compacted record clones, loads and goes on as before, also when it is compacted again", async () => {
  const record = await backAndForth();
  const before = await loadState(record.head(), readAny(record));
  const merged = await compacted(record);
  expect(Object.keys(record.head().packs)).toEqual([merged.id]);
  expect(merged.id).toBe("000000c1-merged");
  const after = await loadState(record.head(), readAny(record));
  expect(after.commit).toBe(before.commit);
  expect([...after.tree.files()]).toEqual([...before.tree.files()]);
  for (let n = 0; n < 4; n++)
    record.commits.push(await record.commit({ "notes/a.md": n % 2 === 0 ? "A\n" : "B\n" }, true));
  await compacted(record, 1);
  record.commits.push(await record.commit({ "notes/b.md": "b" }));
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  await client.git("-c", "transfer.fsckObjects=true", "clone", "-q", server.url, "r");
  expect((await client.git("-C", "r", "rev-list", "--reverse", "HEAD")).trim().split("\n")).toEqual(record.commits);
  expect(await client.git("-C", "r", "fsck", "--strict", "--full")).toBe("");
});

/** A patient with `count` commits on an engine that seals after each and allows three sealed packs. */
const aPatientOf = async (count: number) => {
  const sqlite = await openSqlite({ tailBytes: 1, sealedPacks: 3 });
  const patientId = aPatientId();
  for (let n = 0; n < count; n++) await commitTo(sqlite.engine, patientId, { "notes/a.md": `note ${n}\n` });
  return { ...sqlite, patientId, ...dependenciesOn(sqlite.engine), head: () => sqlite.engine.heads.read(patientId) };
};

test("a patient's packs are merged with one put and one update, and the old ones deleted by the drain", async () => {
  await using patient = await aPatientOf(4);
  const { engine, patientId, deps } = patient;
  const before = await patient.head();
  await compactPatient(deps, patientId);
  const after = await patient.head();
  expect(Object.keys(after!.packs)).toEqual([expect.stringMatching(/^000000c1-[0-9a-f]{12}$/)]);
  expect(after).toMatchObject({ generation: 1, commit: before!.commit, commits: 4, epoch: before!.epoch });
  expect(await engine.segments.list(patientId)).toHaveLength(5);
  await drain(deps, []);
  expect((await engine.segments.list(patientId)).map(({ id }) => id)).toEqual(Object.keys(after!.packs));
});

test("nothing is done for a patient with few packs, or with none", async () => {
  await using patient = await aPatientOf(3);
  const before = await patient.head();
  await compactPatient(patient.deps, patient.patientId);
  await compactPatient(patient.deps, aPatientId());
  expect(await patient.head()).toEqual(before);
});

test("a compaction that another overtakes leaves the head to the other", async () => {
  await using patient = await aPatientOf(4);
  const { engine, patientId, deps } = patient;
  const overtaken = {
    ...deps,
    engine: {
      ...engine,
      segments: {
        ...engine.segments,
        put: async (...args: Parameters<typeof engine.segments.put>) => {
          await compactPatient(deps, patientId);
          await engine.segments.put(...args);
        },
      },
    },
  };
  await compactPatient(overtaken, patientId);
  expect((await patient.head())?.generation).toBe(1);
  expect(patient.lines.map(({ event }) => event)).toEqual(["record.compacted", "record.compaction-overtaken"]);
  await drain(deps, []);
  await commitTo(engine, patientId, { "notes/b.md": "b" });
});

test("a commit made meanwhile and the compaction both stand", async () => {
  await using patient = await aPatientOf(4);
  const { engine, patientId, deps } = patient;
  let commit = "";
  const busy = {
    ...deps,
    engine: {
      ...engine,
      segments: {
        ...engine.segments,
        put: async (...args: Parameters<typeof engine.segments.put>) => {
          commit = await commitTo(engine, patientId, { "notes/b.md": "b" });
          await engine.segments.put(...args);
        },
      },
    },
  };
  await compactPatient(busy, patientId);
  const head = await patient.head();
  expect(head).toMatchObject({ generation: 1, commit, commits: 5 });
  expect(Object.keys(head!.packs)).toHaveLength(2);
  const state = await loadState(head!, (id, range) => engine.segments.get(patientId, id, range));
  expect([...state.tree.files()].map(({ path }) => path)).toEqual(["notes/a.md", "notes/b.md"]);
});
