import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startAwsService } from "../support/aws-service.ts";
import { aPatientOf } from "../support/clinic.ts";

const faultMs = 5 * 60_000;
const mostAfterMs = 60_000;

test("after five minutes in which a patient could not be written, its operations are done within one; nobody else waited", async () => {
  await using aws = await startAwsService();
  const { service, engine, tamper } = aws;
  const [held, other] = [await aPatientOf(service), await aPatientOf(service)];
  const hold = () => tamper.setLease(held.id, "another-writer", 15_000);
  await hold();
  const waiting: string[] = [];
  for (const name of ["a", "b", "c"])
    waiting.push((await held.put(`notes/${name}.md`, { prefer: "respond-async" })).json.id);
  const until = Date.now() + faultMs;
  const waits: number[] = [];
  while (Date.now() < until) {
    await hold();
    const startedAt = Date.now();
    const { status } = await other.put(`notes/${waits.length}.md`);
    expect(status).toBe(201);
    waits.push(Date.now() - startedAt);
    await sleep(4_000);
  }
  const during = await engine.operations.get(waiting);
  expect(during.map((row) => row?.state)).toEqual(["queued", "queued", "queued"]);
  await tamper.setLease(held.id, "another-writer", -1);
  const endedAt = Date.now();
  let states: (string | undefined)[] = ["queued"];
  while (Date.now() < endedAt + mostAfterMs && !states.every((state) => state === "committed")) {
    await sleep(500);
    states = (await engine.operations.get(waiting)).map((row) => row?.state);
  }
  expect(states).toEqual(["committed", "committed", "committed"]);
  expect(Math.max(...waits)).toBeLessThan(5_000);
  expect((await engine.queue.depth()).dead).toBe(0);
}, 420_000);
