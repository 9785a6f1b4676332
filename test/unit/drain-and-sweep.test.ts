import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { drain } from "../../functions/drain.ts";
import { sweep } from "../../functions/sweep.ts";
import type { Operation } from "../../shared/operation.ts";
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
  const rowless = await path.submit(randomUUID(), createCommand());
  // As a version left them that deleted payloads after the settle, and a kill between payload and row.
  await path.tamper.setOperation(settled.id, { state: "committed" });
  await path.tamper.removeOperation(rowless.id);
  const left = () => Promise.all([settled, queued, rowless].map((operation) => hasPayload(path, operation)));
  expect(await left()).toEqual([true, true, true]);
  await path.passTime(3 * 60_000);
  await sweep(path.deps);
  expect(await left()).toEqual([false, true, true]);
  await path.passTime(25 * 60 * 60_000);
  await sweep(path.deps);
  expect(await left()).toEqual([false, true, false]);
});
