import { describe, expect, test } from "vitest";
import { openFile } from "../../infra/local/sqlite/open-file.ts";
import { engineOn } from "../../infra/local/sqlite/open-engine.ts";
import { sqliteOptions } from "../support/engines.ts";
import {
  aCaller,
  aCompaction,
  aPatientId,
  aSettlement,
  aSummary,
  anEffect,
  anOid,
  anOperation,
  anOutcome,
  submitted,
} from "../support/an-operation.ts";

const identifier = { system: "urn:example:mrn", value: "1" };
const time = "2026-11-21T09:00:00.000Z";

/** Calls every port in each way that has a statement of its own, and returns the statements it prepared. */
const everyStatement = async () => {
  const connections = openFile(":memory:");
  const { reader: db } = connections;
  const statements = new Set<string>();
  const prepare = db.prepare.bind(db);
  db.prepare = (text) => {
    statements.add(text);
    return prepare(text);
  };
  const engine = await engineOn(connections, sqliteOptions());
  const { heads, operations, intake, payloads, queue, segments, summaries, effects } = engine;
  const patientId = aPatientId();
  const operation = await submitted(engine, { patientId });
  await heads.acquire(patientId, "writer-1");
  await segments.put(patientId, "000000w1-a", new Uint8Array(10));
  const claims = { claim: [identifier], release: [{ ...identifier, value: "2" }] };
  const outcomes = [anOutcome(operation)];
  const summary = aSummary(patientId);
  await heads.settle(
    aSettlement(patientId, { outcomes, summary, identifiers: claims, effects: [anEffect(patientId)] }),
  );
  await heads.acquire(patientId, "writer-1");
  await heads.settle(aSettlement(patientId, { expected: anOid("commit"), epoch: 2, head: null }));
  await heads.release(patientId, "writer-1");
  await heads.compact(aCompaction(patientId));
  await heads.read(patientId);
  await heads.list({ limit: 1 });
  for (const page of [{ limit: 1 }, { limit: 1, after: "1" }]) {
    await operations.listQueued(time, page);
    for (const state of [undefined, "queued", "committed", "rejected", "parked"] as const) {
      for (const who of [{}, { patientId }, { submitter: aCaller }, { patientId, submitter: aCaller }]) {
        await operations.list({ ...page, ...who, ...(state && { state }) });
      }
    }
    await payloads.listOlder(time, page.after === undefined ? page : { ...page, after: "1#1" });
  }
  await operations.countQueued(patientId, 50);
  await operations.laterSettled(patientId, time);
  const parked = await submitted(engine, { patientId });
  await operations.setTries(parked.id, 1, 1);
  await operations.park(anOutcome(parked));
  await operations.redrive(parked.id);
  await operations.park({ ...anOutcome(parked), attempt: 2 });
  await operations.dismiss(anOutcome(parked));
  await intake.send({ operationId: anOperation().id, patientId, attempt: 1 });
  await payloads.get([{ operationId: operation.id, requestHash: operation.requestHash }]);
  await payloads.delete([{ operationId: operation.id, requestHash: operation.requestHash }]);
  const received = await queue.receive(2);
  await queue.delay([received[0]!.receipt], 1);
  await queue.delete(received.map(({ receipt }) => receipt));
  await queue.deadLetters.receive(1);
  await segments.get(patientId, "000000w1-a");
  await segments.list(patientId);
  await segments.delete(patientId, ["000000w1-a"]);
  await summaries.get(patientId);
  for (const after of [{}, { after: "1.a" }]) {
    await summaries.find({ limit: 1, ...after });
    await summaries.find({ limit: 1, ...after, updatedSince: time });
    await summaries.find({ limit: 1, ...after, identifier });
    await summaries.find({ limit: 1, ...after, birthDate: "1990-04-02" });
    await summaries.find({ limit: 1, ...after, normalisedFamilyPrefix: "d", updatedSince: time });
    await summaries.find({ limit: 1, ...after, patientIds: [patientId] });
  }
  await effects.pending(1);
  await effects.done(["x"]);
  const plan = (text: string): string =>
    prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all()
      .map((row) => String(row["detail"]))
      .join("; ");
  const planned = [...statements].filter((text) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/u.test(text));
  const plans = planned.map((text) => ({ text: text.replaceAll(/\s+/gu, " ").trim(), plan: plan(text) }));
  await engine.close();
  return plans;
};

/** Walks in the order of a key, cut by LIMIT; and tables that are small or empty when all is well. */
const allowed: readonly RegExp[] = [
  /FROM heads AS h CROSS JOIN summaries AS s WHERE h\.patient_id = s\.patient_id ORDER BY h\.updated_at/u,
  /FROM operations (?:WHERE state = 'committed' )?ORDER BY seq DESC/u,
  /^SELECT id, kind, patient_id, body FROM effects ORDER BY seq LIMIT/u,
  /FROM processes/u,
  /IN \(SELECT value FROM json_each/u,
  // Sorts what a search found.
  /FROM summaries AS s CROSS JOIN heads AS h WHERE .* (?:family|birth_date) .* ORDER BY h\.updated_at/u,
];

describe("no statement's cost grows with what is stored:", () => {
  test("none walks a whole table, or sorts what it could have read in order", async () => {
    const plans = await everyStatement();
    expect(plans.length).toBeGreaterThan(60);
    const walks = plans.filter(({ plan }) => /SCAN (?!\()|TEMP B-TREE/u.test(plan));
    const found = walks.filter(({ text }) => !allowed.some((pattern) => pattern.test(text)));
    expect(found).toEqual([]);
  });
});
