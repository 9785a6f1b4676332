import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Listed, PayloadKey, Submission } from "../../shared/ports.ts";
import type { OpenEngine } from "../support/engines.ts";
import { aSettlement, aSubmission, anOutcome, messageOf } from "../support/an-operation.ts";

/** Of bytes that do not compress: too large for a row, wherever payloads may lie in rows. */
const aLargeSubmission = (): Submission => ({ ...aSubmission(), payload: randomBytes(2_000) });

const keyOf = ({ operation: { id, requestHash } }: Submission): PayloadKey => ({ operationId: id, requestHash });

const byId = (a: PayloadKey, b: PayloadKey): number => (a.operationId < b.operationId ? -1 : 1);

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

    test.for([
      ["a small", Buffer.from("other")],
      ["a large", randomBytes(2_000)],
    ] as const)("made again with %s other body leaves no payload of that body", async ([, payload]) => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const submission = aSubmission();
      await intake.submit(submission);
      const other = { operation: { ...submission.operation, requestHash: "0".repeat(64) }, payload };
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

    test.for([
      ["small", aSubmission],
      ["large", aLargeSubmission],
    ] as const)("made again while it waits keeps what it asks for, a %s one", async ([, make]) => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const submission = make();
      await Promise.all(Array.from({ length: 5 }, () => intake.submit(submission)));
      expect(await intake.submit(submission)).toMatchObject({ created: false });
      const [found] = await payloads.get([keyOf(submission)]);
      expect(Buffer.compare(found!, submission.payload)).toBe(0);
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

    test.for([
      ["small", aSubmission],
      ["large", aLargeSubmission],
    ] as const)("that are %s come with their queued rows", async ([, make]) => {
      await using under = await openEngine();
      const { intake, operations } = under.engine;
      const [one, other, parked, unknown] = [make(), make(), make(), make()];
      for (const submission of [one, other, parked]) await intake.submit(submission);
      await under.tamper.setOperation(parked.operation.id, { state: "parked" });
      const ids = [other, unknown, parked, one].map(({ operation }) => operation.id);
      const [first, none, second, last] = await operations.getAsked(ids);
      expect(none).toBeUndefined();
      expect(second).toEqual({ operation: { ...parked.operation, state: "parked" }, payload: undefined });
      for (const [found, { operation, payload }] of [
        [first, other],
        [last, one],
      ] as const) {
        expect(found?.operation).toEqual(operation);
        expect(Buffer.compare(found!.payload!, payload)).toBe(0);
      }
    });

    test.for([
      ["small", aSubmission],
      ["large", aLargeSubmission],
    ] as const)("that are %s end with the operation's settle and its drain, no other's do", async ([, make]) => {
      await using under = await openEngine();
      const { heads, intake, operations, payloads } = under.engine;
      const [settled, dismissed, parked, queued] = [make(), make(), make(), make()];
      const all = [settled, dismissed, parked, queued];
      for (const submission of all) await intake.submit(submission);
      const { patientId } = settled.operation;
      await heads.acquire(patientId, "writer-1");
      await heads.settle(aSettlement(patientId, { outcomes: [anOutcome(settled.operation)] }));
      for (const { operation } of [dismissed, parked]) await operations.park(anOutcome(operation, { state: "parked" }));
      await operations.dismiss(anOutcome(dismissed.operation, { state: "rejected" }));
      const rows = await payloads.deleteSettled(all.map(({ operation }) => operation.id));
      expect(rows.map(({ id, state }) => [id, state])).toEqual([
        [settled.operation.id, "committed"],
        [dismissed.operation.id, "rejected"],
      ]);
      const left = await payloads.get(all.map(keyOf));
      expect(left.map((payload) => payload !== undefined)).toEqual([false, false, true, true]);
      expect(Buffer.compare(left[2]!, parked.payload)).toBe(0);
    });

    test("of a parked operation are there again when it is redriven", async () => {
      await using under = await openEngine();
      const { intake, operations } = under.engine;
      const submission = aSubmission();
      const { id } = submission.operation;
      await intake.submit(submission);
      await operations.park(anOutcome(submission.operation, { state: "parked" }));
      await operations.redrive(id);
      const [found] = await operations.getAsked([id]);
      expect(textOf(found?.payload)).toBe(submission.payload.toString());
    });

    test("that nobody needs are deleted, others stay", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const [gone, kept] = [aLargeSubmission(), aLargeSubmission()];
      await intake.submit(gone);
      await intake.submit(kept);
      await payloads.delete([keyOf(gone)]);
      const [none, some] = await payloads.get([keyOf(gone), keyOf(kept)]);
      expect(none).toBeUndefined();
      expect(some).toBeDefined();
    });

    test("are listed once each, those stored before a time, page by page", async () => {
      await using under = await openEngine();
      const { intake, payloads } = under.engine;
      const stored: PayloadKey[] = [];
      for (let n = 0; n < 5; n += 1) {
        const submission = aLargeSubmission();
        await intake.submit(submission);
        stored.push(keyOf(submission));
        // Two at a time, where the clock is the test's: a page ends between two of one time.
        if (n % 2 === 1) await under.passTime(50);
      }
      const before = new Date(under.now() + 1).toISOString();
      await under.passTime(50);
      await intake.submit(aLargeSubmission());
      const found: Awaited<ReturnType<typeof payloads.listOlder>>["items"][number][] = [];
      let page: Listed<(typeof found)[number]> = await payloads.listOlder(before, { limit: 3 });
      found.push(...page.items);
      while (page.next !== undefined) {
        page = await payloads.listOlder(before, { limit: 3, after: page.next });
        found.push(...page.items);
      }
      const keys = found.map(({ operationId, requestHash }) => ({ operationId, requestHash }));
      expect(keys.toSorted(byId)).toEqual(stored.toSorted(byId));
      expect(found.every(({ storedAt }) => storedAt < before)).toBe(true);
    });
  });
};
