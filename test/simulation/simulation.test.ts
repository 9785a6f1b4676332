import { expect, test } from "vitest";
import { faultKinds } from "./faults.ts";
import { runHistory } from "./history.ts";
import { Violation } from "./model.ts";

/** The command starts at 1: these are others. */
const firstSeed = 1_000_000;

test("200 histories of faults of every kind keep every promise", { timeout: 240_000 }, async () => {
  const met = new Set<string>();
  for (let seed = firstSeed; seed < firstSeed + 200; seed += 1) {
    const { violation, counts } = await runHistory(seed);
    expect(violation, `seed ${seed}: ${violation}`).toBeUndefined();
    for (const kind of counts.keys()) met.add(kind);
  }
  expect(faultKinds.filter((kind) => !met.has(kind))).toEqual([]);
});

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

test("a violation says how to see it again", async () => {
  const { violation } = await runHistory(7, (line) => {
    if (line.endsWith("no more faults")) throw new Violation("something that must not be");
  });
  expect(violation).toBe("something that must not be\n  again: npm run simulate -- --seed 7");
});
