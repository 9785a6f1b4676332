import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { localHints, type HintMessage } from "../../../infra/local/hints.ts";

const never = new AbortController().signal;

/** Nobody who sleeps so long wakes by itself before the test's time is over. */
const long = 600_000;

const twoProcesses = () => {
  const sent: HintMessage[] = [];
  const http = localHints((message) => worker.receive(message));
  const worker = localHints((message) => {
    sent.push(message);
    http.receive(message);
  });
  const untilTold = async (id: string): Promise<void> => {
    await expect.poll(() => sent.flatMap(({ settled }) => settled), { timeout: 20_000 }).toContain(id);
  };
  return { http, worker, sent, untilTold };
};

describe("a sleeper", () => {
  test("wakes when another process settles its operation", async () => {
    const { http, worker } = twoProcesses();
    const slept = http.sleep("a", long, never);
    worker.settled(["x", "a"]);
    await slept;
    expect(http.sleeping()).toBe(0);
  });

  test("sleeps on when another operation is settled", async () => {
    const { http, worker, untilTold } = twoProcesses();
    const slept = http.sleep("a", long, never);
    worker.settled(["b"]);
    await untilTold("b");
    expect(http.sleeping()).toBe(1);
    worker.settled(["a"]);
    await slept;
  });

  test("wakes by itself when its time is over", async () => {
    const { http } = twoProcesses();
    await http.sleep("a", 20, never);
    expect(http.sleeping()).toBe(0);
  });

  test("is woken with all others of the same operation", async () => {
    const { http, worker } = twoProcesses();
    const slept = [http.sleep("a", long, never), http.sleep("a", long, never), http.sleep("a", long, never)];
    worker.settled(["a"]);
    await Promise.all(slept);
    expect(http.sleeping()).toBe(0);
  });

  test("wakes when its client leaves, and at once when it has left before", async () => {
    const { http } = twoProcesses();
    const leaving = new AbortController();
    const slept = http.sleep("a", long, leaving.signal);
    leaving.abort();
    await slept;
    await http.sleep("a", long, leaving.signal);
    expect(http.sleeping()).toBe(0);
  });

  test("that comes just after its hint does not sleep, once", async () => {
    const { http, worker, untilTold } = twoProcesses();
    worker.settled(["a"]);
    await untilTold("a");
    await http.sleep("a", long, never);
    const again = http.sleep("a", long, never);
    expect(http.sleeping()).toBe(1);
    worker.settled(["a"]);
    await again;
  });

  test("is forgotten with hints that nobody came for, beyond a thousand", async () => {
    const { http, worker, untilTold } = twoProcesses();
    worker.settled(["first"]);
    worker.settled(Array.from({ length: 1_024 }, (_, number) => `later ${number}`));
    await untilTold("later 1023");
    await http.sleep("later 0", long, never);
    const slept = http.sleep("first", 20, never);
    expect(http.sleeping()).toBe(1);
    await slept;
  });
});

describe("hints of one turn", () => {
  test("travel in one message", async () => {
    const { worker, sent, untilTold } = twoProcesses();
    worker.settled(["a"]);
    worker.settled(["b", "c"]);
    worker.queued();
    await untilTold("a");
    // Another would follow soon.
    await pause(20);
    expect(sent).toEqual([{ kind: "hint", queued: true, settled: ["a", "b", "c"] }]);
  });

  test("of queued work reach the listeners here and there", async () => {
    const { http, worker } = twoProcesses();
    const heard: string[] = [];
    http.onQueued(() => heard.push("http"));
    worker.onQueued(() => heard.push("worker"));
    http.queued();
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(["http", "worker"]);
  });
});
