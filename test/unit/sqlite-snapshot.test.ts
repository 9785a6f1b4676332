import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { aPatientId } from "../support/an-operation.ts";
import { aFolder, sqliteOptions } from "../support/engines.ts";

const insert = "INSERT INTO heads (patient_id, epoch) VALUES (?, 7)";

test("reads of one go share a snapshot, and the next ones see what another process committed", async () => {
  using folder = aFolder();
  const file = join(folder.path, "casenotes.db");
  const engine = await openSqliteEngine(sqliteOptions({ file }));
  const other = new DatabaseSync(file);
  const patientId = aPatientId();
  expect(await engine.heads.read(patientId)).toBeUndefined();
  other.prepare(insert).run(patientId);
  expect(await engine.heads.read(patientId)).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect((await engine.heads.read(patientId))?.epoch).toBe(7);
  other.close();
  await engine.close();
});
