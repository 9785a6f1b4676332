import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openSqlite, openSqliteOnFile } from "../support/engines.ts";
import { aStep, runBeside } from "../support/queue-model.ts";

test.for([
  { name: "in memory", open: openSqlite, numRuns: 300 },
  { name: "on a file", open: openSqliteOnFile, numRuns: 15 },
])("the queue $name does what a simple model of FIFO groups allows", { timeout: 60_000 }, async ({ open, numRuns }) => {
  const steps = fc.array(aStep, { minLength: 5, maxLength: 60 });
  const property = fc.asyncProperty(steps, (given) => runBeside(open, given));
  await expect(fc.assert(property, { numRuns })).resolves.toBeUndefined();
});

test("a receive that meets dead letters only goes on to the next group", async () => {
  const old = [
    { do: "send", group: 1, again: false },
    { do: "receive", max: 1 },
    { do: "pass", ms: 2_500 },
    { do: "send", group: 0, again: false },
    { do: "receive", max: 1 },
    { do: "pass", ms: 2_500 },
    { do: "receive", max: 1 },
    { do: "pass", ms: 1_000 },
    { do: "receive", max: 1 },
  ] as const;
  await expect(runBeside(openSqlite, old)).resolves.toBeUndefined();
});
