import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { laggingDrain } from "../../infra/local/housekeeping.ts";
import { readMessage } from "../../functions/operation-message.ts";
import { createCommand, openWritePath } from "../support/write-path.ts";

describe("the drain behind a worker", () => {
  test("drains what comes while a run is under way, and what comes after", async () => {
    await using path = await openWritePath();
    const { engine } = path;
    let duringNextRun: (() => Promise<void>) | undefined;
    const deleteSettled: typeof engine.payloads.deleteSettled = async (ids) => {
      const work = duringNextRun;
      duringNextRun = undefined;
      await work?.();
      return engine.payloads.deleteSettled(ids);
    };
    const draining = laggingDrain({
      ...path.deps,
      engine: { ...engine, payloads: { ...engine.payloads, deleteSettled } },
    });
    const settled: string[] = [];
    const settleOne = async (): Promise<void> => {
      settled.push((await path.submit(randomUUID(), createCommand())).id);
      const messages = await path.receive();
      await path.run(messages);
      draining.finished(messages.flatMap(({ body }) => readMessage(body) ?? []));
    };
    const drained = () =>
      path.lines.filter(({ event }) => event === "record.changed").map(({ fields }) => fields["operationId"]);

    duringNextRun = async () => {
      await settleOne();
      // Longer than the drain lags: its timer finds a run under way.
      await pause(100);
    };
    await settleOne();
    await expect.poll(drained, { timeout: 20_000 }).toHaveLength(2);
    expect(drained()).toEqual(settled);

    await settleOne();
    await expect.poll(drained, { timeout: 20_000 }).toContain(settled[2]);
    await draining.stop();
  });
});
