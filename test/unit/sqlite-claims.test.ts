import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { giveBackClaims, openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { aPatientId, submitted } from "../support/an-operation.ts";
import { aFolder, sqliteOptions } from "../support/engines.ts";

/** A process that is gone and one that lives, each with a lease, a message received and one that waits; and what was given back. */
const afterGivingBack = async () => {
  const folder = aFolder();
  const file = join(folder.path, "casenotes.db");
  const options = sqliteOptions({ file, leaseMs: 60_000, visibilityS: 60 });
  const workOf = async (owner: string) => {
    const engine = await openSqliteEngine(options);
    const patientId = aPatientId();
    await submitted(engine, { patientId });
    await engine.heads.acquire(patientId, owner);
    await engine.queue.receive(10);
    await submitted(engine, { patientId });
    return { engine, patientId };
  };
  const gone = await workOf("writer-1");
  // Both are this very process: the first one's row names another.
  const noProcess = 4_194_304;
  using database = new DatabaseSync(file);
  database.prepare("UPDATE processes SET pid = ?").run(noProcess);
  const living = await workOf("writer-2");
  const supervisor = await openSqliteEngine(options);
  const given = await giveBackClaims(supervisor, ({ pid }) => pid !== noProcess);
  return {
    gone,
    living,
    supervisor,
    given,
    [Symbol.asyncDispose]: async () => {
      for (const engine of [gone.engine, living.engine, supervisor]) await engine.close();
      folder[Symbol.dispose]();
    },
  };
};

describe("while those of a process that is gone are given back, processes that live", () => {
  test("keep their leases", async () => {
    await using after = await afterGivingBack();
    const { gone, living, supervisor, given } = after;
    expect(given).toMatchObject({ processes: 1, leases: 1 });
    expect((await supervisor.heads.acquire(gone.patientId, "writer-3")).epoch).toBe(2);
    await expect(supervisor.heads.acquire(living.patientId, "writer-3")).rejects.toMatchObject({ code: "lease-busy" });
  });

  test("keep their messages", async () => {
    await using after = await afterGivingBack();
    const { gone, supervisor, given } = after;
    expect(given).toMatchObject({ processes: 1, messages: 1 });
    const again = await supervisor.queue.receive(10);
    expect(again.map(({ group }) => group)).toEqual([gone.patientId, gone.patientId]);
  });
});
