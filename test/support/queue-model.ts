import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { OperationMessage } from "../../shared/operation.ts";
import type { OperationQueue, ReceivedMessage } from "../../shared/ports.ts";
import type { openSqlite } from "./engines.ts";

/** A message in the model: a plain list in order of sending says what a FIFO queue with groups may do. */
interface Modelled {
  readonly id: string;
  readonly group: string;
  receiveCount: number;
  visibleAt: number;
  receipt: string;
}

export type Step =
  | { readonly do: "send"; readonly group: number; readonly again: boolean }
  | { readonly do: "receive"; readonly max: number }
  | { readonly do: "delete" | "delay"; readonly picks: readonly number[]; readonly seconds: number }
  | { readonly do: "pass"; readonly ms: number };

const maxReceiveCount = 3;
const visibilityMs = 1_000;

/** One call, or time that passes. */
export const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("send" as const), group: fc.nat(3), again: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("receive" as const), max: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("delete" as const, "delay" as const),
      picks: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
      seconds: fc.nat(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(0, 300, 1_000, 2_500) }) },
);

/** What the model expects of the queue, step by step. */
class Model {
  now = 0;
  messages: Modelled[] = [];
  dead: string[] = [];
  readonly sent: OperationMessage[] = [];
  readonly receipts: { readonly receipt: string; readonly id: string }[] = [];

  inGroup(group: string): Modelled[] {
    return this.messages.filter((message) => message.group === group);
  }

  isBlocked(group: string): boolean {
    return this.inGroup(group).some(({ visibleAt }) => visibleAt > this.now);
  }

  /** Good while the message is hidden under this very receipt. */
  goodReceipt(receipt: string): Modelled | undefined {
    return this.messages.find((message) => message.receipt === receipt && message.visibleAt > this.now);
  }

  bury(group: string): void {
    const spent = this.inGroup(group).filter(({ receiveCount }) => receiveCount >= maxReceiveCount);
    this.dead.push(...spent.map(({ id }) => id));
    this.messages = this.messages.filter((message) => !spent.includes(message));
  }

  /** Checks what was received against the rules and takes it over. */
  received(batch: readonly ReceivedMessage[], max: number): void {
    assert.ok(batch.length <= max);
    const free = [...new Set(this.messages.map(({ group }) => group))].filter((group) => !this.isBlocked(group));
    for (const group of new Set(batch.map((message) => message.group))) {
      assert.ok(free.includes(group));
      this.bury(group);
      const ids = batch.filter((message) => message.group === group).map(({ messageId }) => messageId);
      assert.deepEqual(
        ids,
        this.inGroup(group)
          .slice(0, ids.length)
          .map(({ id }) => id),
      );
    }
    for (const { messageId, receipt, receiveCount } of batch) {
      const message = this.messages.find(({ id }) => id === messageId)!;
      message.receiveCount += 1;
      message.visibleAt = this.now + visibilityMs;
      message.receipt = receipt;
      assert.equal(receiveCount, message.receiveCount);
      this.receipts.push({ receipt, id: messageId });
    }
    if (batch.length === max) return;
    for (const group of free.filter((name) => batch.every((message) => message.group !== name))) {
      this.bury(group);
      assert.deepEqual(this.inGroup(group), []);
    }
  }
}

const send = async (model: Model, queue: OperationQueue, step: Step & { do: "send" }): Promise<void> => {
  const repeated = step.again ? model.sent.at(-1) : undefined;
  const message = repeated ?? { operationId: `op-${model.sent.length}`, patientId: `group ${step.group}`, attempt: 1 };
  await queue.send(message);
  if (repeated) return;
  model.sent.push(message);
  const { patientId: group } = message;
  model.messages.push({ id: `${message.operationId}#1`, group, receiveCount: 0, visibleAt: 0, receipt: "" });
};

const finish = async (model: Model, queue: OperationQueue, step: Step & { do: "delete" | "delay" }): Promise<void> => {
  if (model.receipts.length === 0) return;
  const receipts = step.picks.map((pick) => model.receipts.at(-1 - (pick % model.receipts.length))!.receipt);
  const good = new Set(
    receipts.map((receipt) => model.goodReceipt(receipt)).filter((message) => message !== undefined),
  );
  if (step.do === "delete") {
    await queue.delete(receipts);
    model.messages = model.messages.filter((message) => !good.has(message));
  } else {
    await queue.delay(receipts, step.seconds);
    for (const message of good) message.visibleAt = model.now + step.seconds * 1_000;
  }
};

/** Runs steps on an engine and on the model; throws where the engine does what the model does not allow. */
export const runBeside = async (open: typeof openSqlite, steps: readonly Step[]): Promise<void> => {
  const model = new Model();
  const options = { maxReceiveCount, visibilityS: visibilityMs / 1_000, now: () => 1_000_000 + model.now };
  await using under = await open(options);
  const { queue } = under.engine;
  for (const step of steps) {
    if (step.do === "send") await send(model, queue, step);
    else if (step.do === "receive") model.received(await queue.receive(step.max), step.max);
    else if (step.do === "pass") model.now += step.ms;
    else await finish(model, queue, step);
    const { visible, inFlight, dead } = await queue.depth();
    const hidden = model.messages.filter(({ visibleAt }) => visibleAt > model.now).length;
    assert.deepEqual(
      { inFlight, all: visible + inFlight + dead },
      {
        inFlight: hidden,
        all: model.messages.length + model.dead.length,
      },
    );
  }
};
