import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCommit } from "../../shared/git/commit-object.ts";
import { decodeFooter } from "../../shared/git/footer.ts";
import { numberAtTime, numberOfCommit, readCommits } from "../../shared/git/history.ts";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { decodeEntry } from "../../shared/git/pack.ts";
import { openRepository } from "../../shared/git/repository.ts";
import { segmentCache } from "../../shared/git/segment-cache.ts";
import { treeAt } from "../../shared/git/tree-at.ts";
import { diffTrees } from "../../shared/git/tree-diff.ts";
import type { FileChange, RecordTree } from "../../shared/record/view.ts";
import { aDraft, aFile, aRecord, compactedOf, type TestRecord } from "../support/git-record.ts";
import { aGitRepository, unpackInto } from "../support/stock-git.ts";

const paths = [
  "a.md",
  "a/x.md",
  "a/y.md",
  "a-b/x.md",
  "a/deep/er/z.md",
  "b.md",
  "ehr_status.yaml",
  "demographics/patient.yaml",
];
const aChange = fc.record({
  path: fc.constantFrom(...paths),
  content: fc.option(fc.constantFrom("", "one", "two", "three\n", "x".repeat(2000)), { nil: null }),
});
const aCommit = fc.uniqueArray(aChange, { selector: ({ path }) => path, maxLength: 4 });
const batches = fc.array(fc.array(aCommit, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

/** The simplest record there is. */
const after = (files: ReadonlyMap<string, string>, changes: readonly FileChange[]): Map<string, string> => {
  const next = new Map(files);
  for (const { path, content } of changes) {
    if (content === null) next.delete(path);
    else next.set(path, content);
  }
  return next;
};

const contentsOf = async (record: TestRecord, tree: RecordTree): Promise<Map<string, string>> => {
  const repository = record.open();
  const contents = new Map<string, string>();
  for (const file of tree.files()) {
    const content = Buffer.from(await repository.blob(file)).toString();
    expect(file.size).toBe(Buffer.byteLength(content));
    contents.set(file.path, content);
  }
  return contents;
};

const sorted = (files: ReadonlyMap<string, string>): [string, string][] =>
  [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));

const describe = (tree: RecordTree) => ({
  files: [...tree.files()],
  fileCount: tree.fileCount,
  pins: ["ehr_status.yaml", "demographics/patient.yaml"].map((path) => tree.pinned(path)),
});

test.for([300, 1_500, 48 * 1_024])(
  "random batches agree with a simple model, warm, cold and at every commit, and stock git accepts every segment, tails of %i bytes",
  async (tailBytes) => {
    const property = fc.asyncProperty(batches, async (all) => {
      const record = aRecord({ tailBytes });
      const models = [new Map<string, string>()];
      for (const commits of all) {
        record.batch(...commits.map((changes) => aDraft(changes)));
        for (const changes of commits) models.push(after(models.at(-1)!, changes));
        const cold = await record.cold();
        expect(describe(cold.tree)).toEqual(describe(record.state().tree));
        expect({ ...cold, tree: 0, sealed: 0, tail: 0 }).toEqual({ ...record.state(), tree: 0, sealed: 0, tail: 0 });
        expect(cold.tail?.id).toBe(record.state().tail?.id);
      }
      expect(sorted(await contentsOf(record, record.state().tree))).toEqual(sorted(models.at(-1)!));
      for (const [number, model] of models.slice(1).entries()) {
        const past = await treeAt(record.open(), number);
        expect(past?.tree.pinned("ehr_status.yaml")).toBe(model.get("ehr_status.yaml"));
        expect(sorted(await contentsOf(record, past!.tree))).toEqual(sorted(model));
      }
      using git = aGitRepository();
      unpackInto(git, record);
      expect(git.git(["fsck", "--strict", "--full"])).toBe("");
      const listed = git.git(["ls-tree", "-r", "--name-only", "main"]).split("\n").filter(Boolean);
      expect(listed).toEqual([...record.state().tree.files()].map(({ path }) => path));
    });
    await fc.assert(property, { numRuns: 9 });
  },
);

test("a writer that starts cold goes on exactly as the warm one would", async () => {
  const warm = aRecord({ tailBytes: 2000 });
  const cold = aRecord({ tailBytes: 2000 });
  for (let i = 0; i < 60; i++) {
    const changes = [aFile(`notes/n${i % 13}.md`, `text ${i}`), aFile("ehr_status.yaml", `v: ${i % 3}`)];
    const a = warm.commit(...changes);
    cold.use(await cold.cold());
    const b = cold.commit(...changes);
    expect(Buffer.compare(a.segment.bytes, b.segment.bytes)).toBe(0);
    expect(b.packs).toEqual(a.packs);
  }
});

test("a tree that comes back in a later segment reads correctly: A, B, A again across sealed segments", async () => {
  const record = aRecord({ tailBytes: 1 });
  const many = Array.from({ length: 20 }, (_, i) => aFile(`f${i}.md`, `${i}`));
  record.commit(...many);
  for (let i = 0; i < 6; i++) record.commit(aFile("f0.md", i % 2 === 0 ? "B" : "0"));
  expect(record.segments()).toHaveLength(7);
  for (let number = 0; number < 7; number++) {
    const past = await treeAt(record.open(), number);
    expect((await contentsOf(record, past!.tree)).get("f0.md")).toBe(number % 2 === 0 ? "0" : "B");
  }
  const repository = record.open();
  for (const [segment] of record.segments().entries()) {
    for (const entry of (await repository.segments.footer(segment)).inPackOrder()) {
      expect((await repository.object({ segment, entry })).oid).toBe(entry.oid);
    }
  }
});

test("a delta leans on an older copy: a tree that came back is read in a few steps", async () => {
  const record = aRecord({ tailBytes: 1 });
  record.commit(...Array.from({ length: 20 }, (_, i) => aFile(`f${i}.md`, `${i}`)));
  for (const content of ["B", "0", "B"]) record.commit(aFile("f0.md", content));
  const { packs, commits } = record.head();
  let reads = 0;
  const read: TestRecord["read"] = async (id, range) => {
    if (++reads > 100) throw new Error("it goes round in a circle");
    return record.read(id, range);
  };
  // Nothing is kept, so that each step is a read.
  const repository = openRepository({ patientId: "p", packs, commits, read, cache: segmentCache(0) });
  for (const [segment] of record.segments().entries()) {
    for (const entry of (await repository.segments.footer(segment)).inPackOrder()) {
      reads = 0;
      expect((await repository.object({ segment, entry })).oid).toBe(entry.oid);
    }
  }
});

test("a tree that comes back while its first copy is sealed is stored whole, so that git meets no circle", () => {
  const record = aRecord({ tailBytes: 1_000 });
  record.commit(...Array.from({ length: 20 }, (_, i) => aFile(`f${i}.md`, `${i}`)));
  for (const content of ["B", "0"]) record.commit(aFile("f0.md", content));
  expect(record.segments().map(({ pack }) => pack.first)).toEqual([0, 1]);
  using git = aGitRepository();
  unpackInto(git, record);
  expect(git.git(["fsck", "--strict", "--full"])).toBe("");
});

test("the last commit of a batch is signed, and with it those before", async () => {
  const record = aRecord();
  const { commits } = record.batch(...["one", "two", "three"].map((content) => aDraft([aFile("a.md", content)])));
  const repository = record.open();
  const signed = await Promise.all(
    commits.map(async (oid) => {
      const { body } = await repository.object((await repository.find(oid))!);
      return decodeCommit(oid, body).signature !== undefined;
    }),
  );
  expect(signed).toEqual([false, false, true]);
});

test("a merge that holds B and the later A, but not the A that B leans on, reads correctly", async () => {
  const record = aRecord({ tailBytes: 1 });
  record.commit(...Array.from({ length: 20 }, (_, i) => aFile(`f${i}.md`, `${i}`)));
  for (const content of ["B", "0", "C"]) record.commit(aFile("f0.md", content));
  const newer = record.segments().slice(1);
  record.compact(await compactedOf(record, newer));
  for (const [number, content] of ["0", "B", "0", "C"].entries()) {
    const past = await treeAt(record.open(), number);
    expect((await contentsOf(record, past!.tree)).get("f0.md")).toBe(content);
  }
});

test("no object appears twice in a segment, and no chain of deltas is longer than 40", () => {
  const record = aRecord({ tailBytes: 30_000 });
  record.commit(...Array.from({ length: 60 }, (_, i) => aFile(`notes/f${i}.md`, `${i}`)));
  for (let i = 0; i < 150; i++) record.commit(aFile(`notes/f${(i * 7) % 11}.md`, `${i % 5}`));
  const depths = new Map<string, number>();
  let longest = 0;
  for (const { bytes } of record.segments()) {
    const footer = decodeFooter(bytes);
    const inSegment = new Set<string>();
    for (const { oid, offset, length, depth } of footer.inPackOrder()) {
      expect(inSegment.has(oid)).toBe(false);
      inSegment.add(oid);
      const { base } = decodeEntry(bytes.subarray(offset, offset + length));
      const actual = base === undefined ? 0 : depths.get(base)! + 1;
      expect(actual).toBeLessThanOrEqual(depth);
      depths.set(oid, Math.min(actual, depths.get(oid) ?? actual));
      longest = Math.max(longest, depth);
    }
    expect(inSegment.size).toBe(footer.count);
  }
  expect(longest).toBe(maxDeltaDepth);
});

test("history is found by number, by id and by time, over all segments", async () => {
  const record = aRecord({ tailBytes: 3000 });
  const made: string[] = [];
  for (let i = 0; i < 50; i++) {
    const at = 1000 + Math.floor(i / 2) * 10;
    const { commits } = record.batch(
      aDraft([aFile(`n${i % 4}.md`, `${i}`)], {
        message: `m${i}\n`,
        committer: { name: "C", email: "c@d.invalid", at },
      }),
    );
    made.push(...commits);
  }
  const repository = record.open();
  expect(repository.segments.places.length).toBeGreaterThan(3);
  const commits = await readCommits(repository, 0, 50);
  expect(commits.map(({ oid }) => oid)).toEqual(made);
  expect(commits.map(({ number, message }) => [number, message])).toEqual(made.map((_, i) => [i, `m${i}\n`]));
  expect((await readCommits(repository, 17, 23)).map(({ number }) => number)).toEqual([17, 18, 19, 20, 21, 22]);
  for (const [number, oid] of made.entries()) expect(await numberOfCommit(repository, oid)).toBe(number);
  expect(await numberOfCommit(repository, "0".repeat(40))).toBeUndefined();
  expect(await numberOfCommit(repository, record.state().tree.root.oid)).toBeUndefined();
  expect(await numberAtTime(repository, 999)).toBeUndefined();
  for (let i = 0; i < 25; i++) expect(await numberAtTime(repository, 1005 + i * 10)).toBe(i * 2 + 1);
});

test("a committer's clock that runs backwards does not make history run backwards", async () => {
  const record = aRecord();
  for (const at of [50, 20, 60]) {
    record.batch(aDraft([], { committer: { name: "C", email: "c@d.invalid", at } }));
  }
  const commits = await readCommits(record.open(), 0, 3);
  expect(commits.map(({ committer }) => committer.at)).toEqual([50, 50, 60]);
});

test("a difference of two trees is the files that changed, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(aCommit, aCommit, async (first, second) => {
      const record = aRecord();
      record.batch(aDraft(first), aDraft(second));
      const repository = record.open();
      const [a, b] = [await treeAt(repository, 0), await treeAt(repository, 1)];
      const [old, now] = [await contentsOf(record, a!.tree), await contentsOf(record, b!.tree)];
      const expected = [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path));
      const found = [...diffTrees(a!.tree, b!.tree)];
      expect(found.map(({ path }) => path).toSorted()).toEqual(expected.toSorted());
      for (const { path, before, after: now_ } of found) {
        expect(before?.oid).toBe(a!.tree.file(path)?.oid);
        expect(now_?.oid).toBe(b!.tree.file(path)?.oid);
      }
    }),
    { numRuns: 50 },
  );
});

test("folders left without files vanish", () => {
  const record = aRecord();
  record.commit(aFile("a/b/c.md", "x"), aFile("d.md", "y"));
  record.commit({ path: "a/b/c.md", content: null });
  expect([...record.state().tree.names("")]).toEqual(["d.md"]);
  expect(record.state().tree.isFolder("a")).toBe(false);
});

test("a failed batch leaves the state it was built from as it was", async () => {
  const record = aRecord();
  record.commit(aFile("a.md", "1"));
  record.build([aDraft([aFile("a.md", "2"), aFile("b.md", "2")])]);
  record.commit(aFile("c.md", "3"));
  expect(sorted(await contentsOf(record, (await record.cold()).tree))).toEqual([
    ["a.md", "1"],
    ["c.md", "3"],
  ]);
});

test("a damaged byte anywhere in the newest segments is named, never read as something else", async () => {
  const record = aRecord({ tailBytes: 1500 });
  for (let i = 0; i < 9; i++) record.commit(aFile(`n${i}.md`, `text ${i}`));
  const good = describe((await record.cold()).tree);
  const { id, bytes } = record.segments().at(-1)!;
  for (let at = 0; at < bytes.length; at++) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 0x20;
    record.store.set(id, bad);
    const outcome = await record.cold().then(
      ({ tree }) => describe(tree),
      (error: { code: string }) => error.code,
    );
    expect([good, "damaged"]).toContainEqual(outcome);
  }
  record.store.set(id, bytes);
});

test("a damaged byte in the tail's pack is named before a writer copies it under a new checksum", async () => {
  const record = aRecord();
  for (const content of ["one", "two"]) record.commit(aFile("a.md", content));
  const { id, pack, bytes } = record.segments().at(-1)!;
  expect(pack.sealed).toBe(false);
  for (let at = 0; at < pack.pack; at++) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 0x20;
    record.store.set(id, bad);
    await expect(record.cold()).rejects.toMatchObject({ code: "damaged" });
  }
});
