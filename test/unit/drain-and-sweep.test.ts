import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { drain } from "../../functions/drain.ts";
import { sweep, sweepAndFindOldest } from "../../functions/sweep.ts";
import type { Operation } from "../../shared/operation.ts";
import { aSettlement, anEffect } from "../support/an-operation.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "../support/write-path.ts";

const hasPayload = async ({ engine }: WritePath, { id, requestHash }: Operation): Promise<boolean> =>
  (await engine.payloads.get([{ operationId: id, requestHash }]))[0] !== undefined;

test("a settled operation has no payload any more, and a drain sends each effect once", async () => {
  await using path = await openWritePath();
  const created = await path.submit(randomUUID(), createCommand());
  expect(await hasPayload(path, created)).toBe(true);
  await path.deliverAll();
  expect(await hasPayload(path, created)).toBe(false);
  await drain(path.deps, [created.id]);
  await drain(path.deps, []);
  const sent = path.lines.filter(({ event }) => event === "record.changed");
  expect(sent.map(({ fields }) => fields["operationId"])).toEqual([created.id]);
});

test("a message that a redrive made void does not take the payload with it", async () => {
  await using path = await openWritePath();
  const created = await path.submit(randomUUID(), createCommand());
  await path.tamper.setOperation(created.id, { attempt: 2 });
  await path.deliverAll();
  await drain(path.deps, [created.id]);
  expect(await hasPayload(path, created)).toBe(true);
});

test("tails that a seal left behind are deleted by the drain, and the record reads on", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  for (let n = 0; n < 50; n++) {
    await path.submit(patientId, putCommand(`notes/${n}.md`, `${n}`));
    await path.deliverAll();
  }
  await drain(path.deps, []);
  const head = await path.engine.heads.read(patientId);
  const named = [...Object.keys(head?.packs ?? {}), ...(head?.replaced ?? [])];
  const stored = await path.engine.segments.list(patientId);
  expect(stored.map(({ id }) => id).toSorted()).toEqual(named.toSorted());
  expect(await path.history(patientId)).toHaveLength(51);
});

test("the sweep sends again an operation that was never sent, once its patient's queue has passed it by", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const lost = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  await path.engine.queue.delete((await path.receive()).map(({ receipt }) => receipt));
  await path.passTime(6 * 60_000);
  await sweep(path.deps);
  await path.deliverAll();
  expect((await path.row(lost.id)).state).toBe("queued");
  await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  await path.deliverAll();
  await sweep(path.deps);
  await path.deliverAll();
  expect((await path.row(lost.id)).state).toBe("committed");
});

test("the sweep sends again a patient's oldest operation after a quarter of an hour", async () => {
  await using path = await openWritePath();
  const created = await path.submit(randomUUID(), createCommand());
  await path.engine.queue.delete((await path.receive()).map(({ receipt }) => receipt));
  await path.passTime(14 * 60_000);
  await sweep(path.deps);
  await path.deliverAll();
  expect((await path.row(created.id)).state).toBe("queued");
  await path.passTime(2 * 60_000);
  await sweep(path.deps);
  await path.deliverAll();
  expect((await path.row(created.id)).state).toBe("committed");
});

test("the sweep deletes payloads that outlived their operation, and no other", async () => {
  await using path = await openWritePath();
  const settled = await path.submit(randomUUID(), createCommand());
  const queued = await path.submit(randomUUID(), createCommand());
  const parked = await path.submit(randomUUID(), createCommand());
  const rowless = await path.submit(randomUUID(), createCommand());
  const overtaken = await path.submit(randomUUID(), createCommand());
  // As a version left them that deleted payloads after the settle, and a kill between payload and row.
  await path.tamper.setOperation(settled.id, { state: "committed" });
  await path.tamper.setOperation(parked.id, { state: "parked" });
  await path.tamper.removeOperation(rowless.id);
  // Its key went to another request.
  await path.tamper.removeOperation(overtaken.id);
  await path.submit(overtaken.patientId, createCommand(), { id: overtaken.id, requestHash: "0".repeat(64) });
  const all = [settled, overtaken, queued, parked, rowless];
  const left = () => Promise.all(all.map((operation) => hasPayload(path, operation)));
  expect(await left()).toEqual([true, true, true, true, true]);
  await path.passTime(3 * 60_000);
  await sweep(path.deps);
  expect(await left()).toEqual([false, false, true, true, true]);
  await path.passTime(25 * 60 * 60_000);
  await sweep(path.deps);
  expect(await left()).toEqual([false, false, true, true, false]);
});

/** More than a page, each of a patient of its own; none was sent. */
const neverSent = async (path: WritePath, apartMs = 0): Promise<readonly Operation[]> => {
  const lost: Operation[] = [];
  for (let n = 0; n < 101; n++) {
    lost.push(await path.submit(randomUUID(), createCommand()));
    await path.passTime(apartMs);
  }
  for (let got = await path.receive(); got.length > 0; got = await path.receive())
    await path.engine.queue.delete(got.map(({ receipt }) => receipt));
  return lost;
};

test("a sweep goes through every page, and tells when the oldest operation was submitted that it found queued", async () => {
  await using path = await openWritePath();
  expect(await sweepAndFindOldest(path.deps)).toBeUndefined();
  const lost = await neverSent(path, 1_000);
  await path.passTime(16 * 60_000);
  expect(await sweepAndFindOldest(path.deps)).toBe(lost[0]!.submittedAt);
  expect((await path.engine.queue.depth()).visible).toBe(101);
});

test("a sweep deletes what is left over on every page, and sends every page of effects", async () => {
  await using path = await openWritePath();
  const left = await neverSent(path);
  for (const { id } of left) await path.tamper.removeOperation(id);
  const patientId = randomUUID();
  await path.engine.heads.acquire(patientId, "writer-1");
  const effects = Array.from({ length: 101 }, () => anEffect(patientId));
  await path.engine.heads.settle(aSettlement(patientId, { effects }));
  await path.passTime(25 * 60 * 60_000);
  await sweep(path.deps);
  expect(await Promise.all(left.map((operation) => hasPayload(path, operation)))).not.toContain(true);
  expect(await path.engine.effects.pending(1)).toEqual([]);
  expect(path.lines.filter(({ event }) => event === "record.changed")).toHaveLength(101);
});

test("the sweep sends again a redriven operation with the attempt that it is at", async () => {
  await using path = await openWritePath();
  const created = await path.submit(randomUUID(), createCommand());
  await path.tamper.setOperation(created.id, { attempt: 3 });
  await path.deliverAll();
  await path.passTime(16 * 60_000);
  await sweep(path.deps);
  await path.deliverAll();
  expect(await path.row(created.id)).toMatchObject({ state: "committed", attempt: 3 });
});
