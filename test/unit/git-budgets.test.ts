import { expect, test } from "vitest";
import { compactedSegment, dueForCompaction } from "../../shared/git/compaction.ts";
import { decodeFooter } from "../../shared/git/footer.ts";
import { readCommits } from "../../shared/git/history.ts";
import type { ReadSegment } from "../../shared/git/state.ts";
import type { FileChange } from "../../shared/record/view.ts";
import { aDraft, aFile, aRecord, type TestRecord } from "../support/git-record.ts";

const sealedPacks = 16;
const bulk = (i: number): string =>
  `documents/20261121T${i.toString().padStart(6, "0")}.000Z-1b4e28ba-2fa1-51d2-883f.md`;
const small = (i: number): string => `notes/n${i % 40}.md`;

/** Merges sealed segments as the compact function does. */
const compact = async (record: TestRecord): Promise<void> => {
  const { packs, generation } = record.head();
  const due = dueForCompaction(packs, sealedPacks);
  if (due.length === 0) return;
  const read: ReadSegment = async (id, range) => record.store.get(id)!.subarray(range?.from, range?.to);
  record.compact(await compactedSegment({ packs, generation }, due, { read, random: "aaaaaa" }));
};

/** A record of `files` files, grown to `commits` commits in large batches. */
const grow = async (record: TestRecord, commits: number): Promise<void> => {
  for (let n = record.head().commits; n < commits; n = record.head().commits) {
    const size = Math.min(50, commits - n);
    record.batch(...Array.from({ length: size }, (_, i) => aDraft([aFile(small(n + i), `filler ${n + i}`)])));
    await compact(record);
  }
};

const aRecordOf = (files: number): TestRecord => {
  const record = aRecord();
  const changes: FileChange[] = [
    aFile("ehr_status.yaml", "is_modifiable: true\n"),
    aFile("demographics/patient.yaml", "x: 1\n"),
  ];
  for (let i = 0; i < files - 2; i++) changes.push(aFile(bulk(i), `text ${i}`));
  for (let i = 0; i < 9; i++) record.commit(...changes.slice((i * changes.length) / 9, ((i + 1) * changes.length) / 9));
  return record;
};

/** Bytes of the head item: attribute names of one letter, numbers as text, each element of a map or list 2 bytes more. */
const headBytes = ({ packs, replaced, commits }: ReturnType<TestRecord["head"]>): number => {
  const entries = Object.entries(packs).map(
    ([id, { first, pack, snapshot, footer }]) =>
      id.length + 2 + [first, pack, snapshot, footer, 1].join(",").length + 2,
  );
  const fixed = 2 * 36 + 40 + 24 + String(commits).length + 6 * 12; // ids, commit, times, lease, generation, epoch
  return fixed + entries.reduce((a, b) => a + b, 0) + replaced.reduce((sum, id) => sum + id.length + 2, 0);
};

/** What one cold write costs, and cold reads of old and new files. */
const coldCosts = async (record: TestRecord): Promise<{ gets: number; bytes: number }[]> => {
  const files = [...record.state().tree.files()];
  const some = [
    files[0]!,
    files[Math.floor(files.length / 3)]!,
    files.at(-1)!,
    ...files.toSorted((a, b) => b.broughtBy - a.broughtBy).slice(0, 1),
  ];
  const costs: { gets: number; bytes: number }[] = [];
  for (const file of some) {
    const before = { ...record.cost };
    const state = await record.cold();
    expect(record.cost.gets - before.gets).toBeLessThanOrEqual(record.segments().length === 1 ? 1 : 2);
    const content = await record.open(state.tail).blob(state.tree.file(file.path)!);
    expect(content).toHaveLength(file.size);
    costs.push({ gets: record.cost.gets - before.gets, bytes: record.cost.bytesGot - before.bytesGot });
  }
  return costs;
};

/** Batches of one commit each; the trees a batch changes are its root and one folder. */
const measure = async (record: TestRecord, batches: number): Promise<void> => {
  const before = { ...record.cost };
  let changedTrees = 0;
  let largestHead = 0;
  for (let i = 0; i < batches; i++) {
    const { state } = record.commit(aFile(bulk((i * 37) % 90), `text ${record.head().commits}`));
    const folder = state.tree.root.nodes.find(({ key }) => key === "documents/");
    changedTrees += state.tree.root.body.length + (folder?.kind === "folder" ? folder.body.length : 0);
    await compact(record);
    largestHead = Math.max(largestHead, headBytes(record.head()));
  }
  expect(record.cost.puts - before.puts).toBe(batches);
  expect(record.cost.gets).toBe(before.gets);
  expect((record.cost.bytesPut - before.bytesPut) / batches).toBeLessThanOrEqual(64 * 1024 + changedTrees / batches);
  expect(largestHead).toBeLessThanOrEqual(2048);
  for (const { gets, bytes } of await coldCosts(record)) {
    expect(gets).toBeLessThanOrEqual(4);
    expect(bytes).toBeLessThanOrEqual(512 * 1024);
  }
};

const ages = [
  { commit: 10, batches: [1, 200] },
  { commit: 1_000, batches: [1_000] },
  { commit: 20_000, batches: [1_000] },
];

test.for([100, 5_000].flatMap((files) => ages.map(({ commit, batches }) => ({ files, commit, batches }))))(
  "budgets of requests, bytes and head hold at commit $commit with $files files",
  async ({ files, commit, batches }) => {
    const record = aRecordOf(files);
    expect(record.head().commits).toBe(9);
    await grow(record, commit - 1);
    for (const count of batches) await measure(record, count);
    expect(record.state().tree.fileCount).toBeGreaterThanOrEqual(files);
  },
);

test("the deletes that a seal asks for are all the tails it replaced, and none that the head still names", () => {
  const record = aRecord({ tailBytes: 6000 });
  const deleted = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const { sealDeletes } = record.commit(aFile(small(i), `text ${i}`));
    for (const id of sealDeletes) deleted.add(id);
    for (const id of Object.keys(record.head().packs)) expect(deleted.has(id)).toBe(false);
    expect(record.head().replaced.length).toBeLessThanOrEqual(40);
  }
  expect([...record.store.keys()].toSorted()).toEqual(
    [...Object.keys(record.head().packs), ...record.head().replaced].toSorted(),
  );
});

test("a tail is sealed at 40 replaced tails, however small its commits", () => {
  const record = aRecord({ tailBytes: 1_000_000 });
  for (let i = 0; i < 100; i++) record.commit(aFile("a.md", `${i}`));
  expect(record.segments().filter(({ pack }) => pack.sealed)).toHaveLength(2);
});

test("a history of 10,000 commits is paged through with few reads, each part of it once", async () => {
  const record = aRecord();
  await grow(record, 10_000);
  const repository = record.open();
  const before = { ...record.cost };
  let expected = 10_000;
  for (let end = 10_000; end > 0; end -= 100) {
    const page = await readCommits(repository, end - 100, end);
    for (const { number } of page.toReversed()) expect(number).toBe(--expected);
  }
  const stored = record.segments().reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(record.cost.bytesGot - before.bytesGot).toBeLessThanOrEqual(stored);
  expect(record.cost.gets - before.gets).toBeLessThanOrEqual(100);
});

test("after compaction every object is still found, and every file of the record reads", async () => {
  const record = aRecord({ tailBytes: 2000 });
  for (let i = 0; i < 400; i++) {
    record.commit(aFile(small(i * 7), `${i % 3}`), aFile("ehr_status.yaml", `v: ${i % 2}`));
    await compact(record);
  }
  expect(record.segments().some(({ id }) => id.includes("c"))).toBe(true);
  const repository = record.open();
  for (const [segment, { bytes }] of record.segments().entries()) {
    for (const entry of decodeFooter(bytes).inPackOrder()) {
      expect((await repository.object({ segment, entry })).oid).toBe(entry.oid);
    }
  }
  for (const file of (await record.cold()).tree.files()) expect(await repository.blob(file)).toHaveLength(file.size);
});
