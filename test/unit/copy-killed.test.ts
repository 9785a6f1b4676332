import { join } from "node:path";
import { expect, test } from "vitest";
import { isError } from "../../functions/doctor/finding.ts";
import { aPatientWith, holdings, openClinicIn, runCopy, runModule, succeeded } from "../support/copied-clinic.ts";
import type { CopyUntil } from "../support/copy-child.ts";
import { aFolder } from "../support/engines.ts";
import { runDoctor } from "../support/run-doctor.ts";

test("killed after each step in turn, a copy goes on where it was, and ends as if nobody had killed it", async () => {
  using root = aFolder();
  const [from, to] = [join(root.path, "from"), join(root.path, "to")];
  const source = await openClinicIn(from);
  const patients: string[] = [];
  for (let n = 0; n < 6; n++) patients.push(await aPatientWith(source, 4 * n));
  const before = await holdings(source.engine, patients);
  let operations = 0;
  for (const step of ["segments", "operations", "head"] as const) {
    const until: CopyUntil = [from, to, step, "3"];
    const killed = await runModule("test/support/copy-child.ts", until);
    expect([killed.code, killed.signal, killed.stderr]).toEqual([null, "SIGKILL", ""]);
    const there = await openClinicIn(to);
    // What has a head is whole; the others have none.
    const moved: string[] = [];
    for (const id of patients) if (await there.engine.heads.read(id)) moved.push(id);
    expect(moved.length).toBeLessThan(patients.length);
    const now = await holdings(there.engine, patients);
    for (const id of moved) expect(now[id]).toEqual(before[id]);
    const rows = Object.values(now).reduce((sum, holding) => sum + holding.operations.length, 0);
    expect(rows).toBeGreaterThanOrEqual(operations);
    operations = rows;
    await there.engine.close();
  }
  expect(await runCopy(from, to)).toEqual(succeeded);
  const there = await openClinicIn(to);
  expect(await holdings(there.engine, patients)).toEqual(before);
  await source.engine.close();
  await there.engine.close();
  const { report, stderr } = await runDoctor("--json", "--no-git", "--data", to);
  expect([report?.findings.filter(isError), stderr]).toEqual([[], ""]);
});
