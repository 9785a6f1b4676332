import { expect, test } from "vitest";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { aFile, aRecord, compactedOf, type TestRecord } from "../support/git-record.ts";
import { longestChain } from "../support/delta-chains.ts";

/** Merges all sealed segments, as the compact function does. */
const compact = async (record: TestRecord): Promise<void> => {
  const sealed = record.segments().filter(({ pack }) => pack.sealed);
  record.compact(await compactedOf(record, sealed));
};

const bytesOf = (record: TestRecord): readonly Uint8Array[] => record.segments().map(({ bytes }) => bytes);

const put = (name: number, content: string) => aFile(`notes/n${name}.md`, content);

/**
 * Each commit's folder is a delta of the one before, and now and then the folder is as it was at the end of a chain. The copy
 * that comes back starts a chain of its own, and the merge keeps the first one, which stands deep.
 */
const comingBack = (record: TestRecord, commits: number): void => {
  const names = Array.from({ length: 38 }, (_, name) => name);
  for (const name of names) record.commit(put(name, "as it was"));
  for (let n = 0; n < commits; n += 1) {
    if (n % 25 === 24) record.commit(...names.map((name) => put(name, "as it was")));
    else record.commit(put(n % 38, `${n}`));
  }
};

test("no chain of deltas grows beyond 40 when trees come back and their segments are merged, again and again", async () => {
  const record = aRecord({ tailBytes: 600 });
  for (let merges = 0; merges < 8; merges += 1) {
    comingBack(record, 100);
    await compact(record);
    expect(longestChain(bytesOf(record))).toBeLessThanOrEqual(maxDeltaDepth);
  }
  const repository = record.open();
  for (const file of (await record.cold()).tree.files()) expect(await repository.blob(file)).toHaveLength(file.size);
});
