import { createHook } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitForOperation } from "../../functions/http/wait-for-operation.ts";
import { waitForChange } from "../../functions/wait-for-change.ts";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { anHttpEdge, aPatient, aPatientBody, type HttpEdge } from "../support/http-edge.ts";

/** A clock that only sleeping moves, and a version that changes after so many reads. */
const aWait = ({ changesAtRead = Infinity, deadline = 10_000, random = 0 } = {}) => {
  const sleeps: number[] = [];
  let time = 0;
  let reads = 0;
  const controller = new AbortController();
  return {
    sleeps,
    controller,
    reads: () => reads,
    run: () =>
      waitForChange(
        {
          read: async () => ({ version: ++reads >= changesAtRead ? 2 : 1 }),
          sleep: async (ms) => {
            sleeps.push(ms);
            time += ms;
          },
          now: () => time,
          deadline,
          since: 1,
          signal: controller.signal,
          random: () => random,
        },
        { version: 1 },
      ),
  };
};

describe("waitForChange", () => {
  test("answers as soon as the version changes", async () => {
    const wait = aWait({ changesAtRead: 3 });
    expect(await wait.run()).toEqual({ version: 2 });
    expect(wait.reads()).toBe(3);
  });

  test("sleeps 50 ms, then twice as long each time, up to 1 s, and never beyond its deadline", async () => {
    const wait = aWait({ deadline: 4_000, random: 1 });
    expect(await wait.run()).toEqual({ version: 1 });
    expect(wait.sleeps).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 450]);
  });

  test("spreads the sleeps of many clients", async () => {
    const wait = aWait({ deadline: 100, random: 0 });
    await wait.run();
    expect(wait.sleeps[0]).toBe(37.5);
  });

  test("does not read at all when its deadline has passed or its client is gone", async () => {
    const late = aWait({ deadline: 0 });
    await late.run();
    const gone = aWait();
    gone.controller.abort();
    await gone.run();
    expect([late.reads(), gone.reads()]).toEqual([0, 0]);
  });

  test("reads no more once its client left while it slept", async () => {
    const wait = aWait();
    const { sleeps, controller } = wait;
    const push = sleeps.push.bind(sleeps);
    sleeps.push = (...items) => {
      if (sleeps.length === 2) controller.abort();
      return push(...items);
    };
    await wait.run();
    expect(wait.reads()).toBe(2);
  });
});

let edge: HttpEdge;
let patient: string;
beforeAll(async () => {
  edge = await anHttpEdge();
  patient = await aPatient(edge);
});
afterAll(() => edge[Symbol.asyncDispose]());

/** Timers that requests arm (not the worker beside them); node:timers marks one that fired or was cleared as destroyed. */
const ourTimers: { _destroyed: boolean }[] = [];
const hook = createHook({
  init: (_id, type, _trigger, resource) => {
    const stack = type === "Timeout" ? String(new Error().stack) : "";
    if (/\/(functions|infra|@middy)\//.test(stack) && !stack.includes("Object.work")) ourTimers.push(resource as never);
  },
});
const alive = (): number => ourTimers.filter(({ _destroyed }) => !_destroyed).length;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
/** Until a request has accepted its write, or found its operation, and sleeps. */
const untilOneSleeps = async (): Promise<void> => {
  await expect.poll(() => edge.hints.sleeping(), { timeout: 20_000 }).toBe(1);
};
const put = (name: string, prefer: string, invocation = {}) =>
  edge.call("PUT", `/v1/patients/${patient}/files/notes/${name}.md`, {
    headers: { "if-none-match": "*", "content-type": "text/plain", prefer },
    body: name,
    invocation,
  });

const queued = async () => (await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json;

describe("a request that waits", () => {
  test("leaves no timer behind, answered in time or not, twice in one module instance", async () => {
    hook.enable();
    for (const name of ["one", "two"]) {
      expect((await put(name, "wait=0")).status).toBe(202);
      expect((await put(`${name}-late`, "wait=1", { getRemainingTimeInMillis: () => 1_600 })).status).toBe(202);
      const waiting = put(`${name}-waited`, "wait=10");
      await untilOneSleeps();
      await edge.work();
      expect((await waiting).status).toBe(201);
      // A hint that comes within a millisecond of another is told by a timer, which is no request's.
      await pause(5);
      expect(alive()).toBe(0);
      expect(edge.hints.sleeping()).toBe(0);
    }
    hook.disable();
    expect(ourTimers.length).toBeGreaterThanOrEqual(4);
  });

  test("ends when its client leaves; the operation goes on", async () => {
    const controller = new AbortController();
    const started = performance.now();
    const waiting = put("left", "wait=25", { signal: controller.signal });
    await untilOneSleeps();
    controller.abort();
    await waiting;
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(edge.hints.sleeping()).toBe(0);
    await edge.work();
    expect((await edge.call("GET", `/v1/patients/${patient}/files/notes/left.md`)).text).toBe("left");
  });

  test("waits no longer for its write than the configuration allows, and says so; for an operation it does", async () => {
    await using brief = await anHttpEdge({ mostWriteWaitS: 0 });
    const created = await brief.call("POST", "/v1/patients", { body: aPatientBody(), headers: { prefer: "wait=25" } });
    expect(created).toMatchObject({ status: 202, headers: { "preference-applied": "wait=0" } });
    const followed = brief.call("GET", `/v1/operations/${created.json.id}`, { headers: { prefer: "wait=1" } });
    expect((await followed).headers["preference-applied"]).toBe("wait=1");
    await brief.work();
  });

  test("keeps 1.5 s of the function's time for its answer", async () => {
    const { id } = await queued();
    const [first] = await edge.deps.engine.operations.get([id]);
    let time = 0;
    const sleep = async (_id: string, ms: number) => void (time += ms);
    const deps = { ...edge.deps, now: () => time, hints: { ...edge.hints, sleep } };
    const invocation = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 4_000 };
    await waitForOperation(deps, first!, { since: first!.version, seconds: 25, invocation });
    expect(time).toBeCloseTo(2_500);
  });
});

describe("following an operation", () => {
  test("waits for its next change, and is 304 when there was none", async () => {
    const { id } = await queued();
    const url = `/v1/operations/${id}`;
    const now = await edge.call("GET", url);
    expect(now).toMatchObject({ status: 200, headers: { etag: '"1"', "retry-after": "1" } });
    const known = { "if-none-match": '"1"' };
    expect((await edge.call("GET", url, { headers: { ...known, prefer: "wait=1" } })).status).toBe(304);
    const waiting = edge.call("GET", url, { headers: { ...known, prefer: "wait=10" } });
    await untilOneSleeps();
    await edge.work();
    expect(await waiting).toMatchObject({
      status: 200,
      json: { state: "committed" },
      headers: { etag: '"2"', "preference-applied": "wait=10" },
    });
    const started = performance.now();
    expect((await edge.call("GET", url, { headers: { prefer: "wait=25" } })).status).toBe(200);
    const settled = { "if-none-match": '"2"', prefer: "wait=25" };
    expect((await edge.call("GET", url, { headers: settled })).status).toBe(304);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("of an id that is none, or nobody's, is 404 at once", async () => {
    for (const id of ["1", randomUUID()])
      expect((await edge.call("GET", `/v1/operations/${id}`, { headers: { prefer: "wait=25" } })).status).toBe(404);
  });
});

const parked = async (): Promise<{ id: string; key: string }> => {
  const key = randomUUID();
  const { id } = (await edge.call("POST", "/v1/patients", { body: aPatientBody(), key })).json;
  await edge.deps.engine.operations.park(parkedOutcome({ operationId: id, attempt: 1 }, "tries", Date.now()));
  await edge.work();
  return { id, key };
};

describe("an operation that was set aside", () => {
  test("answers its submitter 202, and is redriven once", async () => {
    const { id, key } = await parked();
    const replay = await edge.call("POST", "/v1/patients", { body: aPatientBody(), key });
    expect(replay).toMatchObject({ status: 202, json: { state: "parked", problem: { code: "parked" } } });
    const redriven = await edge.call("POST", `/v1/operations/${id}/redrive`);
    expect(redriven).toMatchObject({ status: 202, json: { state: "queued", problem: null } });
    // Cut off between row and message: the repeat sends again, and does not raise the attempt.
    expect((await edge.call("POST", `/v1/operations/${id}/redrive`)).status).toBe(202);
    expect(await edge.deps.engine.operations.get([id])).toMatchObject([{ attempt: 2 }]);
    await edge.work();
    expect((await edge.call("GET", `/v1/operations/${id}`)).json.state).toBe("committed");
    expect(await edge.call("POST", `/v1/operations/${id}/redrive`)).toMatchObject({
      status: 409,
      json: { code: "not-parked" },
    });
    expect(edge.lines.some(({ event, operationId }) => event === "operation.redriven" && operationId === id)).toBe(
      true,
    );
  });

  test("is dismissed with a reason, which its submitter sees", async () => {
    const { id, key } = await parked();
    const url = `/v1/operations/${id}/dismiss`;
    expect((await edge.call("POST", url, { body: {} })).status).toBe(400);
    const dismissed = await edge.call("POST", url, { body: { reason: "sent in error" } });
    expect(dismissed).toMatchObject({
      status: 200,
      json: { state: "rejected", problem: { code: "dismissed", reason: "sent in error" } },
    });
    expect((await edge.call("POST", url, { body: { reason: "again" } })).json).toEqual(dismissed.json);
    const audited = edge.lines.filter(
      ({ event, operationId }) => event === "operation.dismissed" && operationId === id,
    );
    expect(audited).toMatchObject([{ subject: "user-1", attempt: 1 }]);
    expect(JSON.stringify(audited)).not.toContain("sent in error");
    const replay = await edge.call("POST", "/v1/patients", { body: aPatientBody(), key });
    expect(replay).toMatchObject({ status: 409, json: { code: "dismissed", operationId: id } });
    expect((await edge.call("POST", `/v1/operations/${id}/redrive`)).status).toBe(409);
  });

  test("cannot be touched while it is queued for the first time, or when it does not exist", async () => {
    const { id } = await queued();
    for (const what of ["redrive", "dismiss"])
      expect((await edge.call("POST", `/v1/operations/${id}/${what}`, { body: { reason: "x" } })).status).toBe(409);
    expect((await edge.call("POST", `/v1/operations/${randomUUID()}/redrive`)).status).toBe(404);
    await edge.work();
  });
});

describe("every request", () => {
  test("is one log line with the route's pattern, without ids of patients, names, tokens or content", async () => {
    edge.lines.length = 0;
    await put("Secret-Name", "wait=0");
    await edge.call("GET", `/v1/patients/${patient}`, { token: null });
    const requests = edge.lines.filter(({ event }) => event === "request");
    expect(requests).toMatchObject([
      { route: "PUT /v1/patients/{patientId}/files/{proxy+}", status: 202 },
      { route: "GET /v1/patients/{patientId}", status: 401, code: "unauthenticated" },
    ]);
    expect(JSON.stringify(edge.lines)).not.toMatch(new RegExp(`${patient}|Secret-Name|eyJ|Clinician`));
    await edge.work();
  });

  test("keeps a valid trace context and drops another", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    expect((await edge.call("GET", "/healthz", { headers: { traceparent } })).headers["traceparent"]).toBe(traceparent);
    expect(edge.lines.at(-1)).toMatchObject({ traceId: "a".repeat(32) });
    const zero = `00-${"0".repeat(32)}-${"b".repeat(16)}-01`;
    expect((await edge.call("GET", "/healthz", { headers: { traceparent: zero } })).headers).not.toHaveProperty(
      "traceparent",
    );
  });

  test("that meets a defect of ours is 500 without its text", async () => {
    await using broken = await anHttpEdge();
    const id = await aPatient(broken);
    await broken.deps.engine.close();
    const { status, json } = await broken.call("GET", `/v1/patients/${id}`);
    expect(status).toBe(500);
    expect(json).toMatchObject({
      code: "internal-error",
      detail: "The request failed. Quote the request id when you report it.",
    });
    expect(broken.lines.find(({ event }) => event === "request.failed")).toBeDefined();
    Object.assign(broken.deps.engine, { close: async () => undefined });
  });
});
