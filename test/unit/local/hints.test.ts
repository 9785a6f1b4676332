import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { localHints, type HintMessage } from "../../../infra/local/hints.ts";

const never = new AbortController().signal;

const twoProcesses = () => {
  const sent: HintMessage[] = [];
  const http = localHints((message) => worker.receive(message));
  const worker = localHints((message) => {
    sent.push(message);
    http.receive(message);
  });
  return { http, worker, sent };
};

const elapsed = async (work: Promise<void>): Promise<number> => {
  const from = performance.now();
  await work;
  return performance.now() - from;
};

describe("a sleeper", () => {
  test("wakes when another process settles its operation", async () => {
    const { http, worker } = twoProcesses();
    const slept = elapsed(http.sleep("a", 5_000, never));
    worker.settled(["x", "a"]);
    expect(await slept).toBeLessThan(1_000);
    expect(http.sleeping()).toBe(0);
  });

  test("sleeps on when another operation is settled", async () => {
    const { http, worker } = twoProcesses();
    const slept = elapsed(http.sleep("a", 100, never));
    worker.settled(["b"]);
    expect(await slept).toBeGreaterThan(90);
    expect(http.sleeping()).toBe(0);
  });

  test("is woken with all others of the same operation", async () => {
    const { http, worker } = twoProcesses();
    const slept = [http.sleep("a", 5_000, never), http.sleep("a", 5_000, never), http.sleep("a", 5_000, never)];
    worker.settled(["a"]);
    await Promise.all(slept);
    expect(http.sleeping()).toBe(0);
  });

  test("wakes when its client leaves, and at once when it has left before", async () => {
    const { http } = twoProcesses();
    const leaving = new AbortController();
    const slept = elapsed(http.sleep("a", 5_000, leaving.signal));
    leaving.abort();
    expect(await slept).toBeLessThan(1_000);
    expect(await elapsed(http.sleep("a", 5_000, leaving.signal))).toBeLessThan(1_000);
    expect(http.sleeping()).toBe(0);
  });

  test("that comes just after its hint does not sleep, once", async () => {
    const { http, worker } = twoProcesses();
    worker.settled(["a"]);
    await sleep(5);
    expect(await elapsed(http.sleep("a", 5_000, never))).toBeLessThan(1_000);
    expect(await elapsed(http.sleep("a", 60, never))).toBeGreaterThan(50);
  });

  test("is forgotten with hints that nobody came for, beyond a thousand", async () => {
    const { http, worker } = twoProcesses();
    worker.settled(["first"]);
    worker.settled(Array.from({ length: 1_024 }, (_, number) => `later ${number}`));
    await sleep(5);
    expect(await elapsed(http.sleep("first", 60, never))).toBeGreaterThan(50);
    expect(await elapsed(http.sleep("later 1000", 60, never))).toBeLessThan(50);
  });
});

describe("hints of one turn", () => {
  test("travel in one message", async () => {
    const { worker, sent } = twoProcesses();
    worker.settled(["a"]);
    worker.settled(["b", "c"]);
    worker.queued();
    await sleep(5);
    expect(sent).toEqual([{ kind: "hint", queued: true, settled: ["a", "b", "c"] }]);
  });

  test("of queued work reach the listeners here and there", async () => {
    const { http, worker } = twoProcesses();
    const heard: string[] = [];
    http.onQueued(() => heard.push("http"));
    worker.onQueued(() => heard.push("worker"));
    http.queued();
    await sleep(5);
    expect(heard).toEqual(["http", "worker"]);
  });
});
