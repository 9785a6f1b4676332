import { expect, test } from "vitest";
import { isError } from "../../functions/doctor/finding.ts";
import { runDoctor } from "../support/run-doctor.ts";
import { startService } from "../support/service.ts";
import { soak } from "./soak-run.ts";

test("under load, with workers and the HTTP process killed at random, no answer contradicts a history", async () => {
  await using service = await startService({ args: ["--workers", "2"] });
  const { verdict, kills, disturbed } = await soak(service, {
    patients: 16,
    clients: 10,
    members: ["worker-1", "worker-2", "http"],
    killEveryMs: 500,
    pairs: 1,
    stretchMs: 3_000,
    least: { kills: 4, committed: 11 },
    progress: () => {},
  });
  expect(verdict.findings).toEqual([]);
  expect(kills).toBeGreaterThan(3);
  expect(disturbed.committed).toBeGreaterThan(10);
  expect(await service.stop()).toBe(0);
  const { code, report } = await runDoctor("--json", "--data", service.data);
  // A note is no error: a segment whose writer was killed before it settled waits for the collector.
  expect(report.findings.filter(isError)).toEqual([]);
  expect(code).toBe(0);
}, 120_000);
