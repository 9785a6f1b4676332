import { expect, test } from "vitest";
import { compactedSegment, treesToWriteWhole } from "../../shared/git/compaction.ts";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { aFile, aRecord, type TestRecord } from "../support/git-record.ts";
import { longestChain } from "../support/delta-chains.ts";

/** Merges all sealed segments, as the compact function does. */
const compact = async (record: TestRecord): Promise<void> => {
  const { packs } = record.head();
  const sources = record
    .segments()
    .filter(({ pack }) => pack.sealed)
    .map(({ id, bytes }) => ({ id, bytes }));
  const repository = record.open();
  const trees = new Map<string, Uint8Array>();
  for (const oid of treesToWriteWhole(sources.map(({ bytes }) => bytes))) {
    trees.set(oid, (await repository.object((await repository.find(oid))!)).body);
  }
  const { generation } = record.head();
  record.compact(compactedSegment({ packs, generation }, sources, { random: "aaaaaa", trees }));
};

const bytesOf = (record: TestRecord): readonly Uint8Array[] => record.segments().map(({ bytes }) => bytes);

/**
 * Each commit puts a folder's tree, which is a delta of the one before; every so often the folder is as it was right before its
 * chain ended. The copy that comes back starts a chain of its own, and the merge keeps the first one.
 */
const comingBack = (record: TestRecord, commits: number): void => {
  const put = (name: number, content: string) => record.commit(aFile(`notes/n${name}.md`, content));
  for (let name = 0; name < 40; name += 1) put(name, "as it was");
  for (let n = 0; n < commits; n += 1) {
    put(n % 7, `${n}`);
    put(n % 7, "as it was");
  }
};

test("no chain of deltas grows beyond 40 when trees come back and their segments are merged, again and again", async () => {
  const record = aRecord({ tailBytes: 600 });
  for (let merges = 0; merges < 8; merges += 1) {
    comingBack(record, 30);
    await compact(record);
    expect(longestChain(bytesOf(record))).toBeLessThanOrEqual(maxDeltaDepth);
  }
  const repository = record.open();
  for (const file of (await record.cold()).tree.files()) expect(await repository.blob(file)).toHaveLength(file.size);
});
