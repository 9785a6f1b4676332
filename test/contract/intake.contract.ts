import { describe, expect, test } from "vitest";
import type { OpenEngine } from "../support/engines.ts";
import { aSubmission, messageOf } from "../support/an-operation.ts";

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

/** What every engine's `Intake` and `Payloads` keep. */
export const intakeContract = (openEngine: OpenEngine): void => {
  describe("a submission", () => {
    test("stores payload and row and sends one message", async () => {
      await using under = await openEngine();
      const { intake, operations, payloads, queue } = under.engine;
      const submission = aSubmission();
      const { operation } = submission;
      expect(await intake.submit(submission)).toEqual({ operation, created: true });
      expect(await operations.get([operation.id])).toEqual([operation]);
      const key = { operationId: operation.id, requestHash: operation.requestHash };
      expect((await payloads.get([key])).map(textOf)).toEqual([submission.payload.toString()]);
      const received = await queue.receive(10);
      expect(received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([messageOf(operation)]);
    });

    test("made again returns the row that stands and changes nothing", async () => {
      await using under = await openEngine();
      const { intake, operations, queue } = under.engine;
      const submission = aSubmission();
      await intake.submit(submission);
      await operations.setTries(submission.operation.id, 1, 2);
      const again = await intake.submit(submission);
      expect(again).toEqual({ operation: { ...submission.operation, tries: 2 }, created: false });
      expect((await queue.depth()).visible).toBe(1);
    });

    test("made again with another body leaves no payload of that body", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const submission = aSubmission();
      await intake.submit(submission);
      const other = {
        operation: { ...submission.operation, requestHash: "0".repeat(64) },
        payload: Buffer.from("other"),
      };
      expect(await intake.submit(other)).toEqual({ operation: submission.operation, created: false });
      const { id, requestHash } = submission.operation;
      const keys = [
        { operationId: id, requestHash: "0".repeat(64) },
        { operationId: id, requestHash },
      ];
      expect((await payloads.get(keys)).map(textOf)).toEqual([undefined, submission.payload.toString()]);
    });

    test("made many times at once is one operation, with one message", async () => {
      await using under = await openEngine();
      const { intake, queue } = under.engine;
      const submission = aSubmission();
      const answers = await Promise.all(Array.from({ length: 30 }, () => intake.submit(submission)));
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(answers.every(({ operation }) => operation.id === submission.operation.id)).toBe(true);
      expect(await queue.depth()).toEqual({ visible: 1, inFlight: 0, dead: 0 });
    });

    test("whose message is sent again soon is still one message", async () => {
      await using under = await openEngine();
      const { intake, queue } = under.engine;
      const submission = aSubmission();
      await intake.submit(submission);
      await intake.send(messageOf(submission.operation));
      expect((await queue.depth()).visible).toBe(1);
    });

    test("that is redriven gets a new message", async () => {
      await using under = await openEngine();
      const { intake, queue } = under.engine;
      const submission = aSubmission();
      await intake.submit(submission);
      await intake.send({ ...messageOf(submission.operation), attempt: 2 });
      expect((await queue.depth()).visible).toBe(2);
    });
  });

  describe("payloads", () => {
    test("are read in the order asked, byte for byte, with undefined where there is none", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const bytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => n % 251);
      const [large, empty, unknown] = [aSubmission(), aSubmission(), aSubmission()];
      await intake.submit({ ...large, payload: bytes });
      await intake.submit({ ...empty, payload: new Uint8Array() });
      const keys = [empty, unknown, large].map(({ operation: { id, requestHash } }) => ({
        operationId: id,
        requestHash,
      }));
      const [first, second, third] = await payloads.get(keys);
      expect(first).toHaveLength(0);
      expect(second).toBeUndefined();
      expect(Buffer.compare(third!, bytes)).toBe(0);
    });

    test("of settled operations are deleted, others stay", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const [gone, kept] = [aSubmission(), aSubmission()];
      await intake.submit(gone);
      await intake.submit(kept);
      const [goneKey, keptKey] = [gone, kept].map(({ operation: { id, requestHash } }) => ({
        operationId: id,
        requestHash,
      }));
      await payloads.delete([goneKey!]);
      const [none, some] = await payloads.get([goneKey!, keptKey!]);
      expect(none).toBeUndefined();
      expect(some).toBeDefined();
    });

    test("are listed oldest first, those stored before a time, page by page", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const stored = [];
      for (let n = 0; n < 5; n += 1) {
        const { operation } = await intake.submit(aSubmission());
        stored.push({ operationId: operation.id, requestHash: operation.requestHash });
        await under.passTime(50);
      }
      const before = new Date(under.now() + 1).toISOString();
      await under.passTime(50);
      await intake.submit(aSubmission());
      const first = await payloads.listOlder(before, { limit: 3 });
      const second = await payloads.listOlder(before, { limit: 3, after: first.next! });
      const found = [...first.items, ...second.items];
      expect(found.map(({ operationId, requestHash }) => ({ operationId, requestHash }))).toEqual(stored);
      expect(found.every(({ storedAt }) => storedAt < before)).toBe(true);
      expect(second.next).toBeUndefined();
    });
  });
};
