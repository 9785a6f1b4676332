import { describe, expect, test } from "vitest";
import type { OperationMessage } from "../../shared/operation.ts";
import type { OperationQueue, ReceivedMessage } from "../../shared/ports.ts";
import type { EngineUnderTest, OpenEngine } from "../support/engines.ts";
import { aPatientId, anOperation, messageOf } from "../support/an-operation.ts";

const someMessages = (patientId: string, count: number): OperationMessage[] =>
  Array.from({ length: count }, () => messageOf(anOperation({ patientId })));

const sendAll = async (queue: OperationQueue, messages: readonly OperationMessage[]): Promise<void> => {
  for (const message of messages) await queue.send(message);
};

const bodies = (received: readonly ReceivedMessage[]): OperationMessage[] =>
  received.map(({ body }) => JSON.parse(body) as OperationMessage);

const receipts = (received: readonly ReceivedMessage[]): string[] => received.map(({ receipt }) => receipt);

/** Between two looks at a queue; and when nothing comes for so long, nothing will. By the engine's clock, ms. */
const pollMs = 100;
const longestWaitMs = 60_000;

/**
 * Receives until something comes, which was at a time between `from` and `to`: so that "not before" can be asked of a queue
 * whose clock goes on, however long anything takes.
 */
const nextOf = async (under: EngineUnderTest, queue: Pick<OperationQueue, "receive"> = under.engine.queue) => {
  const end = under.now() + longestWaitMs;
  for (;;) {
    const from = under.now();
    const received = await queue.receive(10);
    const to = under.now();
    if (received.length > 0 || to > end) return { received, from, to };
    await under.passTime(pollMs);
  }
};

/** For what waits for the end of a visibility time-out. */
const soon = { visibilityS: 1 };
/** For what would be told apart from a delay. */
const late = { visibilityS: 60 };

/**
 * FIFO with groups, as SQS keeps it, on every engine. `givesPrefix`: of a group whose first messages are visible and whose
 * next is not, the first are given (SQS); otherwise none is. Either way nothing is given before what was sent before it.
 */
export const queueContract = (openEngine: OpenEngine, givesPrefix = false): void => {
  describe("receiving", () => {
    test("gives nothing from an empty queue", async () => {
      await using under = await openEngine();
      expect(await under.engine.queue.receive(10)).toEqual([]);
    });

    test("gives a group's messages in the order they were sent", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const patientId = aPatientId();
      const messages = someMessages(patientId, 12);
      await sendAll(queue, messages);
      const first = await queue.receive(10);
      expect(bodies(first)).toEqual(messages.slice(0, 10));
      expect(first.every(({ group, receiveCount }) => group === patientId && receiveCount === 1)).toBe(true);
      await queue.delete(receipts(first));
      expect(bodies(await queue.receive(10))).toEqual(messages.slice(10));
    });

    test("gives messages of several groups, and never more than asked", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      for (let n = 0; n < 3; n += 1) await sendAll(queue, someMessages(aPatientId(), 2));
      const first = await queue.receive(4);
      const second = await queue.receive(4);
      expect([first.length, second.length]).toEqual([4, 2]);
      expect(new Set([...first, ...second].map(({ messageId }) => messageId)).size).toBe(6);
    });

    test("passes over a group while one of its messages is in flight", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const [busy, other] = [someMessages(aPatientId(), 3), someMessages(aPatientId(), 1)];
      await sendAll(queue, busy);
      const [first] = await queue.receive(1);
      await sendAll(queue, other);
      expect(bodies(await queue.receive(10))).toEqual(other);
      await queue.delete([first!.receipt]);
      expect(bodies(await queue.receive(10))).toEqual(busy.slice(1));
    });

    test("gives a message again, with a higher count, when its visibility time-out ends", async () => {
      await using under = await openEngine(soon);
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 2);
      await sendAll(queue, messages);
      const since = under.now();
      await queue.receive(10);
      const { received, to } = await nextOf(under);
      expect(bodies(received)).toEqual(messages);
      expect(received.map(({ receiveCount }) => receiveCount)).toEqual([2, 2]);
      expect(to - since).toBeGreaterThanOrEqual(under.visibilityMs);
    });

    test("by many at once gives each message to one of them", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      for (let n = 0; n < 20; n += 1) await sendAll(queue, someMessages(aPatientId(), 1));
      const received = (await Promise.all(Array.from({ length: 10 }, () => queue.receive(3)))).flat();
      expect(received).toHaveLength(20);
      expect(new Set(received.map(({ messageId }) => messageId)).size).toBe(20);
    });
  });

  describe("deleting", () => {
    test("part of a batch keeps the rest in flight and in order", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 4);
      await sendAll(queue, messages);
      const received = await queue.receive(3);
      await queue.delete([received[1]!.receipt]);
      expect(await queue.receive(10)).toEqual([]);
      await queue.delay([received[0]!.receipt, received[2]!.receipt], 0);
      expect(bodies(await queue.receive(10))).toEqual([messages[0], messages[2], messages[3]]);
    });

    test("with the receipt of a message that is visible again does nothing", async () => {
      await using under = await openEngine(soon);
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 1);
      await sendAll(queue, messages);
      const received = await queue.receive(10);
      await under.passTime(under.visibilityMs + 1);
      await queue.delete(receipts(received));
      expect(bodies((await nextOf(under)).received)).toEqual(messages);
    });

    test("with an earlier receipt of a message in flight does nothing", async () => {
      await using under = await openEngine(soon);
      const { queue } = under.engine;
      await sendAll(queue, someMessages(aPatientId(), 1));
      const first = await queue.receive(10);
      await nextOf(under);
      await queue.delete(receipts(first));
      const { received } = await nextOf(under);
      expect(received.map(({ receiveCount }) => receiveCount)).toEqual([3]);
    });

    test("with the receipt of a message deleted before does nothing to a new one of its group", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const [one, next] = someMessages(aPatientId(), 2) as [OperationMessage, OperationMessage];
      await queue.send(one);
      const received = await queue.receive(10);
      await queue.delete(receipts(received));
      await queue.send(next);
      await queue.receive(10);
      await queue.delete(receipts(received));
      expect(await queue.depth()).toEqual({ visible: 0, inFlight: 1, dead: 0 });
    });
  });

  describe("delaying", () => {
    test("a group's messages by 0 s makes them visible at once, in order", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 3);
      await sendAll(queue, messages);
      const received = await queue.receive(10);
      await queue.delay(receipts(received), 0);
      const again = await queue.receive(10);
      expect(bodies(again)).toEqual(messages);
      expect(again[0]!.receiveCount).toBe(2);
    });

    test("the rest of a batch blocks the group until then, and not longer", async () => {
      await using under = await openEngine(late);
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 4);
      await sendAll(queue, messages);
      const batch = await queue.receive(3);
      await queue.delete([batch[0]!.receipt]);
      const since = under.now();
      await queue.delay(receipts(batch.slice(1)), 3);
      const { received, to } = await nextOf(under);
      expect(bodies(received)).toEqual(messages.slice(1));
      expect(to - since).toBeGreaterThanOrEqual(3_000);
      expect(to - since).toBeLessThan(under.visibilityMs);
    });

    test("messages by different times gives none before its time, nor before an earlier one", async () => {
      await using under = await openEngine(late);
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 2);
      await sendAll(queue, messages);
      const [first, second] = receipts(await queue.receive(10));
      const since = under.now();
      await queue.delay([second!], 5);
      await queue.delay([first!], 2);
      const came: { readonly body: OperationMessage; readonly afterMs: number }[] = [];
      const take = async (): Promise<void> => {
        const { received, to } = await nextOf(under);
        await queue.delete(receipts(received));
        for (const body of bodies(received)) came.push({ body, afterMs: to - since });
      };
      await take();
      if (came.length < 2) await take();
      expect(came.map(({ body }) => body)).toEqual(messages);
      expect(came[0]!.afterMs).toBeGreaterThanOrEqual(givesPrefix ? 2_000 : 5_000);
      expect(came[1]!.afterMs).toBeGreaterThanOrEqual(5_000);
    });

    test("with a stale receipt does nothing", async () => {
      await using under = await openEngine(soon);
      const { queue } = under.engine;
      const messages = someMessages(aPatientId(), 1);
      await sendAll(queue, messages);
      const received = await queue.receive(10);
      await under.passTime(under.visibilityMs + 1);
      await queue.delay(receipts(received), 3_600);
      expect(bodies((await nextOf(under)).received)).toEqual(messages);
    });
  });

  test("more receipts than one call of a store takes are all delayed, and all deleted", async () => {
    await using under = await openEngine();
    const { queue } = under.engine;
    for (let n = 0; n < 12; n += 1) await sendAll(queue, someMessages(aPatientId(), 1));
    const receiveAll = async (): Promise<string[]> => {
      const all: string[] = [];
      while (all.length < 12) all.push(...receipts(await queue.receive(12)));
      return all;
    };
    await queue.delay(await receiveAll(), 0);
    const again = await receiveAll();
    expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 12 });
    await queue.delete(again);
    expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, dead: 0 });
  });

  describe("a deduplication id", () => {
    test("sent twice is one message, also after that was deleted", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const [message] = someMessages(aPatientId(), 1) as [OperationMessage];
      await sendAll(queue, [message, message]);
      const received = await queue.receive(10);
      expect(received).toHaveLength(1);
      await queue.delete(receipts(received));
      await queue.send(message);
      expect(await queue.receive(10)).toEqual([]);
    });

    test("of another attempt is another message", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const [message] = someMessages(aPatientId(), 1) as [OperationMessage];
      await sendAll(queue, [message, { ...message, attempt: 2 }]);
      expect(bodies(await queue.receive(10)).map(({ attempt }) => attempt)).toEqual([1, 2]);
    });
  });

  describe("a message received too often", () => {
    test("moves to the dead letters, and its followers come next", async () => {
      await using under = await openEngine();
      const { queue } = under.engine;
      const [poison, follower] = someMessages(aPatientId(), 2) as [OperationMessage, OperationMessage];
      await queue.send(poison);
      for (let n = 1; n <= under.maxReceiveCount; n += 1) {
        const received = await queue.receive(1);
        expect(received.map(({ receiveCount }) => receiveCount)).toEqual([n]);
        await queue.delay(receipts(received), 0);
      }
      await queue.send(follower);
      expect(bodies(await queue.receive(10))).toEqual([follower]);
      expect((await queue.depth()).dead).toBe(1);
      const dead = await queue.deadLetters.receive(10);
      expect(bodies(dead)).toEqual([poison]);
      await queue.deadLetters.delete(receipts(dead));
      expect(await queue.depth()).toEqual({ visible: 0, inFlight: 1, dead: 0 });
    });

    test("and not consumed as a dead letter comes again", async () => {
      await using under = await openEngine(soon);
      const { queue } = under.engine;
      await sendAll(queue, someMessages(aPatientId(), 1));
      while ((await queue.depth()).dead === 0) await queue.delay(receipts(await queue.receive(1)), 0);
      let last = Number.NEGATIVE_INFINITY;
      for (let n = 1; n <= under.maxReceiveCount + 2; n += 1) {
        const { received, from, to } = await nextOf(under, queue.deadLetters);
        expect(received.map(({ receiveCount }) => receiveCount)).toEqual([n]);
        expect(to - last).toBeGreaterThanOrEqual(under.visibilityMs);
        last = from;
      }
    });
  });

  test("the depth counts visible, in-flight and dead messages", async () => {
    await using under = await openEngine();
    const { queue } = under.engine;
    await sendAll(queue, someMessages(aPatientId(), 3));
    await queue.receive(2);
    expect(await queue.depth()).toEqual({ visible: 1, inFlight: 2, dead: 0 });
  });
};
