import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { aClinic, kindsOf } from "../support/examined-clinic.ts";

test("finds nothing wrong in what the write path made", async () => {
  await using clinic = await aClinic({ commits: 40 });
  const report = await clinic.examine();
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ healthy: true, counts: { patients: 2, commits: 80, operations: 82 } });
  expect(report.counts.segments).toBeGreaterThan(6);
});

test("names a patient that was never committed to only when something speaks of a commit", async () => {
  await using clinic = await aClinic({ commits: 1 });
  await clinic.engine.heads.acquire(randomUUID(), "a writer");
  expect(kindsOf(await clinic.examine())).toEqual([]);
});
