import { expect, test } from "vitest";
import { kinds } from "./faults.ts";
import { runHistory } from "./history.ts";

/** Those of the command are 1, 2, 3 …: these are others. */
const firstSeed = 1_000_000;

test.for([0, 50, 100, 150])(
  "fifty histories of faults from seed 1,000,000 + %i on keep every promise",
  { timeout: 240_000 },
  async (offset) => {
    for (let seed = firstSeed + offset; seed < firstSeed + offset + 50; seed += 1) {
      const { violation } = await runHistory(seed);
      expect(violation, `npm run simulate -- --seed ${seed}`).toBeUndefined();
    }
  },
);

const told = async (seed: number): Promise<readonly string[]> => {
  const lines: string[] = [];
  await runHistory(seed, (line) => lines.push(line));
  return lines;
};

test("one seed is one history, step by step", async () => {
  const [once, again, another] = [await told(7), await told(7), await told(8)];
  expect(once.length).toBeGreaterThan(100);
  expect(again).toEqual(once);
  expect(another).not.toEqual(once);
});

test("what must come of the faults does come of them", { timeout: 240_000 }, async () => {
  const counts = new Set<string>();
  for (let seed = 1; seed <= 400 && !kinds.every((kind) => counts.has(kind)); seed += 1) {
    for (const kind of (await runHistory(seed)).counts.keys()) counts.add(kind);
  }
  expect(kinds.filter((kind) => !counts.has(kind))).toEqual([]);
});
