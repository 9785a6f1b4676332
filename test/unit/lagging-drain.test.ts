import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { laggingDrain } from "../../infra/local/housekeeping.ts";
import { readMessage } from "../../functions/operation-message.ts";
import { createCommand, openWritePath } from "../support/write-path.ts";

describe("the drain behind a worker", () => {
  test("drains what comes while a run is under way, and what comes after", async () => {
    await using path = await openWritePath();
    const draining = laggingDrain(path.deps);
    const settleOne = async (): Promise<void> => {
      await path.submit(randomUUID(), createCommand());
      const messages = await path.receive();
      await path.run(messages);
      draining.finished(messages.flatMap(({ body }) => readMessage(body) ?? []));
    };
    path.at("after-effect-sent", async () => {
      path.at("after-effect-sent", () => undefined);
      await settleOne();
    });

    await settleOne();
    await pause(150);
    expect(await path.deps.engine.effects.pending(10)).toEqual([]);

    await settleOne();
    await pause(150);
    expect(await path.deps.engine.effects.pending(10)).toEqual([]);
  });
});
