import { expect, test } from "vitest";
import { soak } from "../history/soak-run.ts";
import { startAwsService } from "../support/aws-service.ts";
import { runDoctorIn } from "../support/run-doctor.ts";

test("under load on the AWS engine, with the HTTP process killed now and then, no answer contradicts a history", async () => {
  await using aws = await startAwsService(2);
  const { verdict, kills, undisturbed, disturbed } = await soak(aws.service, {
    patients: 15,
    clients: 6,
    // What a worker held on AWS runs out by itself, after a minute and a half: the crash matrix waits for that.
    members: ["http"],
    killEveryMs: 2_500,
    pairs: 1,
    stretchMs: 6_000,
    progress: () => {},
  });
  expect(verdict.findings).toEqual([]);
  expect(kills).toBeGreaterThan(0);
  expect(undisturbed.committed + disturbed.committed).toBeGreaterThan(10);
  const { code, report } = await runDoctorIn(aws.environment, "--json", "--data", aws.service.data);
  expect(report.findings).toEqual([]);
  expect(code).toBe(0);
});
