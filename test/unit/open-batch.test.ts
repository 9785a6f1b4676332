import { expect, test } from "vitest";
import { openBatch, type BatchStart } from "../../shared/git/build-batch.ts";
import { maxReplacedTails } from "../../shared/git/limits.ts";
import { emptyState } from "../../shared/git/state.ts";
import { aDraft, changesOf } from "../support/stored-record.ts";

const aStart = (): BatchStart => ({
  state: emptyState,
  head: { packs: {}, replaced: [] },
  epoch: 1,
  random: "random",
  limits: { tailBytes: 1_000_000 },
});

test("a commit that is refused halfway leaves no trace in its batch", () => {
  const [refusing, plain] = [openBatch(aStart()), openBatch(aStart())];
  const [first, last] = [changesOf({ "notes/a": "one\n" }), changesOf({ "notes/b": "two\n" })];
  for (const batch of [refusing, plain]) batch.add(aDraft(first));
  // Its first file is stored before the second is found to be where a file is already.
  expect(() => refusing.add(aDraft(changesOf({ "notes/0": "lost\n", "notes/a/b": "x\n" })))).toThrow(/both a file/u);
  for (const batch of [refusing, plain]) batch.add(aDraft(last));
  const [made, expected] = [refusing.finish(), plain.finish()];
  expect(made.commits).toEqual(expected.commits);
  expect(Buffer.compare(made.segment.bytes, expected.segment.bytes)).toBe(0);
  expect(made.packs).toEqual(expected.packs);
});

test("a tail is sealed before the head lists more replaced ones than it may, and hands all of them over", () => {
  let { state, head } = aStart();
  const lengths: number[] = [];
  for (let epoch = 1; epoch <= 2 * maxReplacedTails + 5; epoch++) {
    const open = openBatch({ ...aStart(), state, head, epoch, random: `r${epoch}` });
    open.add(aDraft(changesOf({ "notes/a": `${epoch}\n` })));
    const batch = open.finish();
    const before = [...head.replaced, ...batch.packs.remove];
    expect([...batch.replaced, ...batch.sealDeletes]).toEqual(before);
    ({ state } = batch);
    head = { packs: batch.packs.put, replaced: batch.replaced };
    lengths.push(batch.replaced.length);
  }
  expect(Math.max(...lengths)).toBeLessThanOrEqual(maxReplacedTails);
  expect(lengths.slice(1)).toContain(0);
});
