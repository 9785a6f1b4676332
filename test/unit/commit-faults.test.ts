import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { deadLetters } from "../../functions/dead-letters.ts";
import { retryLater } from "../../functions/delivery.ts";
import { faultPoints } from "../../functions/fault-points.ts";
import { queueEvent } from "../../infra/local/queue-event.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "../support/write-path.ts";

/** A record with one commit; returns its patient id. */
const aCreatedPatient = async (path: WritePath): Promise<string> => {
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  return patientId;
};

/** Delivers until nothing is left, letting every delay pass. */
const deliverPatiently = async (path: WritePath): Promise<void> => {
  for (let round = 0; round < 20; round++) {
    await path.deliverAll();
    await path.passTime(61_000);
  }
};

test("a writer fenced before its settle starts again and commits once", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  let fences = 0;
  path.at("after-segment", async () => {
    if (fences++ === 0) await path.tamper.setEpoch(patientId, 40);
  });
  await path.deliverAll();
  expect(fences).toBe(2);
  expect((await path.row(note.id)).state).toBe("committed");
  expect((await path.history(patientId)).filter((id) => id === note.id)).toHaveLength(1);
});

test("a writer fenced again and again leaves its messages to a later delivery", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  let epoch = 100;
  path.at("after-segment", () => path.tamper.setEpoch(patientId, (epoch += 100)));
  const messages = await path.receive();
  expect(await path.run(messages)).toEqual(messages.map(({ messageId }) => messageId));
  expect((await path.row(note.id)).state).toBe("queued");
  path.at("after-segment", () => undefined);
  await deliverPatiently(path);
  expect((await path.row(note.id)).state).toBe("committed");
});

test("an operation settled by another while we decide is dropped, the rest goes on", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const gone = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const stays = await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  path.at("after-decide", () => path.tamper.setOperation(gone.id, { state: "parked" }));
  await path.deliverAll();
  expect((await path.row(gone.id)).state).toBe("parked");
  expect(await path.history(patientId)).toHaveLength(2);
  expect((await path.row(stays.id)).state).toBe("committed");
});

test("a lease held by another delays only its own patient", async () => {
  await using path = await openWritePath();
  const [busy, free] = [await aCreatedPatient(path), await aCreatedPatient(path)];
  const waiting = await path.submit(busy, putCommand("notes/a.md", "one\n"));
  const goes = await path.submit(free, putCommand("notes/a.md", "one\n"));
  await path.tamper.setLease(busy, "somebody", path.leaseMs);
  const messages = await path.receive();
  const failed = await path.run(messages);
  expect(failed).toEqual(messages.filter(({ group }) => group === busy).map(({ messageId }) => messageId));
  expect((await path.row(goes.id)).state).toBe("committed");
  expect((await path.row(waiting.id)).state).toBe("queued");
  await deliverPatiently(path);
  expect((await path.row(waiting.id)).state).toBe("committed");
});

test("every segment that the head names is stored, at each step of a commit that replaces one", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const { heads, segments } = path.engine;
  const namesOf = async () => Object.keys((await heads.read(patientId))?.packs ?? {});
  const missing: string[] = [];
  for (const point of faultPoints)
    path.at(point, async () => {
      const stored = new Set((await segments.list(patientId)).map(({ id }) => id));
      for (const id of await namesOf()) if (!stored.has(id)) missing.push(`${id} ${point}`);
    });
  const [replaced] = await namesOf();
  await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  await path.deliverAll();
  expect(await namesOf()).not.toContain(replaced);
  expect(missing).toEqual([]);
});

test("a fault gives the lease back", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  path.at("after-decide", () => {
    throw new Error("out of luck");
  });
  await path.run(await path.receive());
  expect(await path.tamper.leaseOwner(patientId)).toBeNull();
});

test("a fault's message, which may quote content, is not logged", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  path.at("after-decide", () => {
    throw new Error("secret words");
  });
  await path.run(await path.receive());
  expect(JSON.stringify(path.lines)).not.toContain("secret words");
  expect(path.lines.some(({ event }) => event === "group.retried")).toBe(true);
});

test("an operation that ends our code every time is parked alone, its followers and neighbours go on", async () => {
  await using path = await openWritePath();
  const [patientId, neighbour] = [await aCreatedPatient(path), await aCreatedPatient(path)];
  const poison = await path.submit(patientId, "nonsense");
  const follower = await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  await path.passTime(1);
  for (let delivery = 0; delivery < 8; delivery++) {
    const innocent = await path.submit(neighbour, putCommand(`notes/${delivery}.md`, "x"));
    await path.run(await path.receive());
    expect(await path.row(innocent.id)).toMatchObject({ state: "committed" });
    await path.passTime(61_000);
  }
  expect(await path.row(poison.id)).toMatchObject({
    state: "parked",
    tries: 3,
    problem: { code: "parked", reason: "tries" },
  });
  expect((await path.row(follower.id)).state).toBe("committed");
});

test("an operation runs alone from its third receive on, and is parked when three such runs had no end", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const poison = await path.submit(patientId, "nonsense");
  const seen: string[] = [];
  for (let delivery = 0; delivery < 6; delivery++) {
    await path.run(await path.receive());
    const { state, tries } = await path.row(poison.id);
    seen.push(`${state} ${tries}`);
    await path.passTime(61_000);
  }
  expect(seen).toEqual(["queued 0", "queued 0", "queued 1", "queued 2", "queued 3", "parked 3"]);
});

test("a failing operation that runs alone is delivered again, and so are those behind it", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  await path.submit(patientId, "nonsense");
  await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  for (let delivery = 0; delivery < 2; delivery++) {
    await path.run(await path.receive());
    await path.passTime(61_000);
  }
  const messages = await path.receive();
  expect(messages.map(({ receiveCount }) => receiveCount)).toEqual([3, 3]);
  expect(await path.run(messages)).toEqual(messages.map(({ messageId }) => messageId));
});

/** Retries a group of two, received so often, where `delay` is the queue's. */
const failing = (path: WritePath, delay: (receipts: readonly string[], seconds: number) => Promise<void>) => {
  const deps = { ...path.deps, engine: { ...path.engine, queue: { ...path.engine.queue, delay } } };
  const message = { operationId: randomUUID(), patientId: randomUUID(), attempt: 1 };
  return (receiveCount: number, random: number) => {
    const group = ["a", "b"].map((receipt) => ({ message, messageId: receipt, receipt, receiveCount }));
    return retryLater({ ...deps, random: () => random }, group, new Error("out of luck"));
  };
};

describe("a group that failed", () => {
  test("is hidden as one, for seconds, each time twice as long, a minute at most", async () => {
    await using path = await openWritePath();
    const asked: unknown[] = [];
    const retry = failing(path, async (receipts, seconds) => void asked.push([...receipts, seconds]));
    for (const receiveCount of [1, 2, 5, 6, 900]) await retry(receiveCount, 0.999);
    expect(asked).toEqual([2, 4, 32, 60, 60].map((seconds) => ["a", "b", seconds]));
    asked.length = 0;
    for (const receiveCount of [1, 2, 900]) await retry(receiveCount, 0);
    expect(asked).toEqual([1, 2, 30].map((seconds) => ["a", "b", seconds]));
  });

  test("and cannot be hidden holds up no other: it is visible again when its time is over", async () => {
    await using path = await openWritePath();
    const retry = failing(path, () => Promise.reject(new Error("the store is down")));
    await expect(retry(1, 0)).resolves.toBeUndefined();
    expect(path.lines.map(({ event }) => event)).toEqual(["group.retried", "group.not-delayed"]);
  });
});

test("the store's own trouble does not count as a try", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  for (let delivery = 0; delivery < 8; delivery++) {
    await path.tamper.setLease(patientId, "somebody", path.leaseMs);
    await path.run(await path.receive());
    await path.passTime(61_000);
  }
  expect(await path.row(note.id)).toMatchObject({ state: "queued", tries: 0 });
});

test("a dead letter parks its operation only while it is queued with that attempt", async () => {
  await using path = await openWritePath();
  const patientId = await aCreatedPatient(path);
  const [first, second] = [
    await path.submit(patientId, putCommand("notes/a.md", "one\n")),
    await path.submit(patientId, putCommand("notes/b.md", "two\n")),
  ];
  await path.tamper.setOperation(second.id, { attempt: 2 });
  await deadLetters(path.deps)(queueEvent(await path.receive()));
  expect(await path.row(first.id)).toMatchObject({ state: "parked", problem: { reason: "dead-letter" } });
  expect((await path.row(second.id)).state).toBe("queued");
});

test("a dead letter that is not ours is set aside with its id, and the next one is parked", async () => {
  await using path = await openWritePath();
  const created = await path.submit(randomUUID(), createCommand());
  const { Records } = queueEvent(await path.receive());
  await deadLetters(path.deps)({ Records: [{ ...Records[0]!, messageId: "stranger", body: "{broken" }, ...Records] });
  expect(path.lines).toContainEqual(
    expect.objectContaining({ event: "message.unreadable", fields: { messageId: "stranger" } }),
  );
  expect((await path.row(created.id)).state).toBe("parked");
});
