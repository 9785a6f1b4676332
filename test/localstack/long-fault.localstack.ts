import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startAwsService } from "../support/aws-service.ts";
import { aPatientOf } from "../support/clinic.ts";

const faultMs = 5 * 60_000;
/** Longer than anybody here waits for an answer, and not so long that it is taken for that of a wrong clock. */
const leaseMs = 38_000;
/** A patient's messages are put off so long at most, s: the next delivery after the fault is the one that does them. */
const longestDelayS = 60;
/** What a busy machine needs for a delivery beside that, ms. */
const deliveryMs = 30_000;

test("after five minutes in which a patient could not be written, its operations are done by the next delivery, put off by a minute at most; nobody else waited", async () => {
  await using aws = await startAwsService();
  const { service, engine, tamper } = aws;
  const [held, other] = [await aPatientOf(service), await aPatientOf(service)];
  const hold = () => tamper.setLease(held.id, "another-writer", leaseMs);
  await hold();
  const waiting: string[] = [];
  for (const name of ["a", "b", "c"])
    waiting.push((await held.put(`notes/${name}.md`, { prefer: "respond-async" })).json.id);
  const statesOf = async () => (await engine.operations.get(waiting)).map((row) => row?.state);
  const until = Date.now() + faultMs;
  for (let n = 0; Date.now() < until; n += 1) {
    await hold();
    expect((await other.put(`notes/${n}.md`)).status).toBe(201);
    await sleep(4_000);
  }
  expect(await statesOf()).toEqual(["queued", "queued", "queued"]);
  await tamper.setLease(held.id, "another-writer", -1);
  const timeout = longestDelayS * 1_000 + deliveryMs;
  await expect.poll(statesOf, { timeout, interval: 500 }).toEqual(["committed", "committed", "committed"]);
  const delays = service.logs().flatMap(({ event, seconds }) => (event === "group.retried" ? [Number(seconds)] : []));
  expect(delays.filter((seconds) => seconds > longestDelayS)).toEqual([]);
  expect((await engine.queue.depth()).dead).toBe(0);
}, 420_000);
