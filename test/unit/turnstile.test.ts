import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { turnstile } from "../../functions/http/turnstile.ts";

const long = 10_000;

test("the first goes through at once, the next when it has left", async () => {
  const files = turnstile();
  const first = await files.enter("a", long, undefined);
  const order: string[] = [];
  const second = files.enter("a", long, undefined).then((turn) => (order.push("second"), turn));
  await sleep(1);
  order.push("leaves");
  void first.leave(false);
  expect((await second).waited).toBe(true);
  expect(first.waited).toBe(false);
  expect(order).toEqual(["leaves", "second"]);
});

test("files do not wait for each other", async () => {
  const files = turnstile();
  await files.enter("a", long, undefined);
  expect((await files.enter("b", long, undefined)).waited).toBe(false);
});

test("after a refusal a newcomer goes before those in line, who are let through a moment later", async () => {
  const files = turnstile();
  const first = await files.enter("a", long, undefined);
  const second = files.enter("a", long, undefined);
  const third = files.enter("a", long, undefined);
  void first.leave(false);
  await (await second).leave(true);
  const newcomer = await files.enter("a", long, undefined);
  expect(newcomer.waited).toBe(false);
  await newcomer.leave(true);
  expect((await third).waited).toBe(true);
});

test("patience ends, and a client that leaves is forgotten: neither holds up those behind", async () => {
  const files = turnstile();
  const first = await files.enter("a", long, undefined);
  const client = new AbortController();
  const impatient = files.enter("a", 1, undefined);
  const gone = files.enter("a", long, client.signal);
  const patient = files.enter("a", long, undefined);
  client.abort();
  for (const turn of [await impatient, await gone]) await turn.leave(false);
  void first.leave(false);
  expect((await patient).waited).toBe(true);
});

test("nothing is kept of a file that nobody waits for", async () => {
  const files = turnstile();
  for (let n = 0; n < 3; n++) {
    const turn = await files.enter("a", long, undefined);
    await turn.leave(true);
    expect(turn.waited).toBe(false);
  }
});

test("the answer of a write is held back only where others wait: the next in line comes back first", async () => {
  const files = turnstile();
  const order: string[] = [];
  const first = await files.enter("a", long, undefined);
  const refuse = async () => {
    const turn = await files.enter("a", long, undefined);
    await turn.leave(true);
    order.push("refused");
  };
  const second = refuse();
  const answered = first.leave(false).then(() => order.push("answered"));
  await Promise.all([second, answered]);
  expect(order).toEqual(["refused", "answered"]);
});
