import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Dependencies } from "../../../functions/dependencies.ts";
import { startWorker, type WorkerOptions } from "../../../infra/local/worker.ts";
import { openSqlite } from "../../support/engines.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "../../support/write-path.ts";

const aWorker = (path: WritePath, over: Partial<WorkerOptions> = {}) =>
  startWorker({
    deps: path.deps,
    batchSize: 10,
    slots: 2,
    idleMs: 1_000,
    sweepEveryMs: 60_000,
    collectEveryMs: 60_000,
    ...over,
  });

const until = async (done: () => Promise<boolean>): Promise<void> => {
  await expect.poll(done, { timeout: 20_000, interval: 5 }).toBe(true);
};

const committed = async (path: WritePath, id: string) => (await path.row(id)).state === "committed";

describe("a worker", () => {
  test("commits what is queued, and deletes its messages", async () => {
    await using path = await openWritePath();
    const patient = randomUUID();
    const first = await path.submit(patient, createCommand());
    const second = await path.submit(patient, putCommand("notes/a.md", "a"));
    const worker = aWorker(path);
    await until(() => committed(path, second.id));
    await worker.stop();
    expect(await path.history(patient)).toEqual([first.id, second.id]);
    expect(await path.engine.queue.depth()).toMatchObject({ visible: 0, inFlight: 0 });
  });

  test("has the message in its hand until the operation is settled", async () => {
    await using path = await openWritePath();
    const inFlight: number[] = [];
    for (const point of ["after-decide", "after-settle"] as const)
      path.at(point, async () => void inFlight.push((await path.engine.queue.depth()).inFlight));
    const { id } = await path.submit(randomUUID(), createCommand());
    const worker = aWorker(path);
    await until(() => committed(path, id));
    await worker.stop();
    expect(inFlight).toEqual([1, 1]);
  });

  test("keeps the messages of a group that failed, and deletes those of the others", async () => {
    await using path = await openWritePath();
    const [busy, free] = [randomUUID(), randomUUID()];
    await path.submit(busy, createCommand());
    await path.deliverAll();
    await path.engine.heads.acquire(busy, "somebody");
    const waits = await path.submit(busy, putCommand("notes/a.md", "a"));
    const goes = await path.submit(free, createCommand());
    const worker = aWorker(path);
    await until(() => committed(path, goes.id));
    await worker.stop();
    expect((await path.row(waits.id)).state).toBe("queued");
    expect(await path.engine.queue.depth()).toEqual({ visible: 0, inFlight: 1, dead: 0 });
  });

  test("finishes the batch in hand before it stops, and takes no other", async () => {
    await using path = await openWritePath();
    const { id } = await path.submit(randomUUID(), createCommand());
    let late: { readonly id: string } | undefined;
    path.at("after-segment", async () => {
      late ??= await path.submit(randomUUID(), createCommand());
      await sleep(100);
    });
    // One slot: nothing else can be taken before the stop.
    const worker = aWorker(path, { slots: 1 });
    await until(async () => late !== undefined);
    await worker.stop();
    expect(await committed(path, id)).toBe(true);
    expect(await committed(path, late!.id)).toBe(false);
  });

  test("lives on when a batch throws and when the queue does, and logs each", async () => {
    await using path = await openWritePath();
    const calls = { receive: 0, delete: 0 };
    const failing: Dependencies = {
      ...path.deps,
      engine: {
        ...path.engine,
        queue: {
          ...path.engine.queue,
          receive: async (most) => {
            calls.receive += 1;
            if (calls.receive <= 2) throw new Error("the store does not answer");
            return path.engine.queue.receive(most);
          },
          delete: async (receipts) => {
            calls.delete += 1;
            if (calls.delete === 1) throw new Error("the store does not answer");
            await path.engine.queue.delete(receipts);
          },
        },
      },
    };
    const first = await path.submit(randomUUID(), createCommand());
    const worker = aWorker(path, { deps: failing });
    await until(() => committed(path, first.id));
    const second = await path.submit(randomUUID(), createCommand());
    worker.wake();
    await until(() => committed(path, second.id));
    await worker.stop();
    const failures = path.lines.filter(({ level }) => level === "error").map(({ event }) => event);
    expect(failures).toEqual(["receive.failed", "receive.failed", "batch.failed"]);
  });

  test("parks what became a dead letter, and forgets the letter only then", async () => {
    await using path = await openWritePath(await openSqlite({ maxReceiveCount: 1 }));
    const { id } = await path.submit(randomUUID(), createCommand());
    await path.engine.queue.delay([(await path.receive())[0]!.receipt], 0);
    expect(await path.receive()).toEqual([]);
    const { operations } = path.engine;
    const { park } = operations;
    let asked = 0;
    Object.assign(operations, {
      park: async (outcome: Parameters<typeof park>[0]) => {
        asked += 1;
        if (asked === 1) throw new Error("the store does not answer");
        await park(outcome);
      },
    });
    const worker = aWorker(path, { sweepEveryMs: 20 });
    await until(async () => asked === 1);
    expect((await path.engine.queue.depth()).dead).toBe(1);
    await path.passTime(path.visibilityMs + 1);
    await until(async () => (await path.row(id)).state === "parked");
    await worker.stop();
    expect((await path.engine.queue.depth()).dead).toBe(0);
    expect(path.lines.filter(({ event }) => event === "dead-letters.failed")).toHaveLength(1);
  });

  test("reads an empty queue ever more seldom, and at once when it is woken", async () => {
    await using path = await openWritePath();
    let reads = 0;
    const counting: Dependencies = {
      ...path.deps,
      engine: {
        ...path.engine,
        queue: {
          ...path.engine.queue,
          receive: (most) => {
            reads += 1;
            return path.engine.queue.receive(most);
          },
        },
      },
    };
    // Its sleeps double from 10 ms: after 2.6 s it would look again 2.5 s later.
    const worker = aWorker(path, { deps: counting, idleMs: 60_000 });
    await sleep(2_600);
    expect(reads).toBeLessThan(12);
    const { id } = await path.submit(randomUUID(), createCommand());
    const before = reads;
    worker.wake();
    await nextTurn();
    expect(reads).toBeGreaterThan(before);
    await until(() => committed(path, id));
    await worker.stop();
  });
});
