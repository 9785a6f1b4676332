import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { Fault } from "../../shared/errors.ts";
import { aSubmission } from "../support/an-operation.ts";
import { aNote, anHttpEdge, aPatient, aPatientBody, type Answered, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
let patient: string;
let note: string;
beforeAll(async () => {
  edge = await anHttpEdge();
  patient = await aPatient(edge);
  note = await aNote(edge, patient);
});
afterAll(() => edge[Symbol.asyncDispose]());

const text = { "content-type": "text/plain" };
const create = { ...text, "if-none-match": "*" };
const fileOf = (id: string, name: string): string => `/v1/patients/${id}/files/notes/${name}`;

test("no answer about a record may be kept by a cache or taken for another type", async () => {
  const stale = { headers: { ...text, "if-match": `"${"0".repeat(40)}"` }, body: "x" };
  const answers = await Promise.all([
    edge.call("GET", `/v1/patients/${patient}`),
    edge.call("GET", fileOf(patient, "a.md")),
    edge.call("GET", fileOf(patient, "a.md"), { headers: { "if-none-match": note } }),
    edge.call("GET", `/v1/patients/${patient}/commits`),
    edge.call("GET", "/v1/patients"),
    edge.call("POST", "/v1/patients", { body: aPatientBody() }),
    edge.call("PUT", fileOf(patient, "a.md"), stale),
    edge.call("GET", "/v1/operations"),
    edge.call("GET", `/v1/patients/${patient}`, { token: null }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 304, 200, 200, 202, 412, 200, 401]);
  for (const { headers } of answers)
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  await edge.work();
});

describe("a body of exactly 256 KiB", () => {
  const most = 256 * 1024;
  test.for([
    ["text", "x".repeat(most)],
    ["text of two bytes a character", "é".repeat(most / 2)],
    ["bytes", Buffer.alloc(most, "x")],
  ] as const)("is taken as %s", async ([, body]) => {
    const answer = await edge.call("PUT", fileOf(patient, `${randomUUID()}.md`), { headers: create, body });
    expect(answer.status).toBe(202);
    await edge.work();
  });
});

const deleting = (ifMatch: string, over: object = {}) =>
  edge.call("POST", `/v1/patients/${patient}/changes`, {
    body: { summary: "s", changes: [{ delete: "notes/gone.md", ifMatch }], ...over },
  });

describe("a change set that deletes", () => {
  test("needs the tag that was read, also where it names the commit", async () => {
    const tag = await aNote(edge, patient, "notes/gone.md");
    const { commit } = (await edge.call("GET", `/v1/patients/${patient}`)).json;
    const stale = `"${"0".repeat(40)}"`;
    for (const over of [{}, { expectedCommit: commit }])
      expect(await deleting(stale, over)).toMatchObject({ status: 412, json: { changedPaths: ["notes/gone.md"] } });
    expect((await deleting(tag)).status).toBe(202);
    await edge.work();
    expect((await edge.call("GET", fileOf(patient, "gone.md"))).status).toBe(404);
  });
});

describe("a repeat", () => {
  test("with another tag is 422, though both are tags of the file", async () => {
    const id = await aPatient(edge);
    const asked = (ifMatch: string) => ({ headers: { ...text, "if-match": ifMatch }, body: "x", key: `tags-${id}` });
    const url = fileOf(id, "a.md");
    expect((await edge.call("PUT", url, asked(await aNote(edge, id)))).status).toBe(202);
    await edge.work();
    const now = (await edge.call("GET", url)).headers["etag"]!;
    expect(await edge.call("PUT", url, asked(now))).toMatchObject({
      status: 422,
      json: { code: "idempotency-key-reused" },
    });
  });

  test("of what was never sent sends it", async () => {
    const asked = { headers: create, body: "x", key: randomUUID() };
    const url = fileOf(patient, "unsent.md");
    await edge.call("PUT", url, asked);
    const { queue } = edge.deps.engine;
    await queue.delete((await queue.receive(10)).map(({ receipt }) => receipt));
    edge.clock.ms += 6 * 60_000;
    expect((await edge.call("PUT", url, asked)).status).toBe(202);
    await edge.work();
    expect((await edge.call("GET", url)).text).toBe("x");
  });

  test("of a rejected write says which operation it was", async () => {
    const id = await aPatient(edge);
    const url = fileOf(id, "a.md");
    const asked = (key: string) => ({ headers: create, body: key, key: `${key}-${id}` });
    await edge.call("PUT", url, asked("first"));
    await edge.call("PUT", url, asked("second"));
    await edge.work();
    const { status, headers, json } = await edge.call("PUT", url, asked("second"));
    expect(status).toBe(412);
    expect(headers["location"]).toBe(`/v1/operations/${json.operationId}`);
  });

  test("by a caller whose token does not name the patient any more is 404, as if there were none", async () => {
    const asked = { body: aPatientBody(), key: randomUUID() };
    const first = await edge.call("POST", "/v1/patients", asked);
    const body = { ...asked.body, id: randomUUID() };
    const token = await edge.token({ patients: [body.id] });
    expect(await edge.call("POST", "/v1/patients", { ...asked, body, token })).toMatchObject({
      status: 404,
      json: { code: "not-found" },
    });
    expect(first.status).toBe(202);
    await edge.work();
  });
});

describe("the door", () => {
  test("lets in what a queued write may clear the way for", async () => {
    const id = await aPatient(edge);
    const tag = await aNote(edge, id, "notes/a");
    const beneath = { headers: create, body: "x" };
    expect((await edge.call("PUT", fileOf(id, "a/b.md"), beneath)).status).toBe(409);
    await edge.call("DELETE", fileOf(id, "a"), { headers: { "if-match": tag } });
    expect((await edge.call("PUT", fileOf(id, "a/b.md"), beneath)).status).toBe(202);
    await edge.work();
    expect((await edge.call("GET", fileOf(id, "a/b.md"))).text).toBe("x");
  });

  test("looks again where a patient is created between its look at the record and at the operations", async () => {
    const id = randomUUID();
    const { records } = edge.deps;
    const { current } = records;
    const overtaken: typeof current = async () => {
      Object.assign(records, { current });
      expect((await edge.call("POST", "/v1/patients", { body: aPatientBody({ id }) })).status).toBe(202);
      await edge.work();
      return undefined;
    };
    Object.assign(records, { current: overtaken });
    expect((await edge.call("PUT", fileOf(id, "a.md"), { headers: create, body: "x" })).status).toBe(202);
    await edge.work();
  });

  test("knows a patient whom an open operation creates from one of whom some other is open", async () => {
    await using other = await anHttpEdge();
    const id = randomUUID();
    await other.deps.engine.intake.submit(aSubmission({ patientId: id, command: "PutFiles" }));
    expect((await other.call("PUT", fileOf(id, "a.md"), { headers: create, body: "x" })).status).toBe(404);
  });

  test("refuses a write that stood in line for a file until its tag was gone, and stores nothing of it", async () => {
    const id = await aPatient(edge);
    const url = fileOf(id, "a.md");
    const tag = await aNote(edge, id);
    const before = await edge.operations();
    const write = (body: string) =>
      edge.call("PUT", url, { headers: { ...text, "if-match": tag, prefer: "wait=10" }, body });
    // However long the process stands still, nobody in line loses patience: their time is what is told here.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let answers: readonly Answered[];
    try {
      const over = new AbortController();
      const both = Promise.all([write("one"), write("two")]).finally(() => over.abort());
      while (!over.signal.aborted) await Promise.all([edge.work(), vi.advanceTimersByTimeAsync(1)]);
      answers = await both;
    } finally {
      vi.useRealTimers();
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 412]);
    expect(answers[1]?.json).not.toHaveProperty("operationId");
    // The winner's tag is remembered by now; this one is not it.
    expect((await write("three")).status).toBe(412);
    expect(await edge.operations()).toBe(before + 1);
  });
});

describe("following an operation", () => {
  test("does not wait for a client that names another version: it has something to learn", async () => {
    const { id } = (await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json;
    const started = performance.now();
    const headers = { "if-none-match": '"7"', prefer: "wait=25" };
    expect((await edge.call("GET", `/v1/operations/${id}`, { headers })).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(10_000);
    await edge.work();
  });

  test("waits for the end of one that was set aside, for a client that knows it as such", async () => {
    const { id } = (await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json;
    await edge.deps.engine.operations.park(parkedOutcome({ operationId: id, attempt: 1 }, "tries", Date.now()));
    await edge.work();
    const url = `/v1/operations/${id}`;
    const { headers } = await edge.call("GET", url);
    const known = { "if-none-match": headers["etag"]!, prefer: "wait=25" };
    const waiting = edge.call("GET", url, { headers: known });
    await new Promise((resolve) => void setTimeout(resolve, 30));
    await edge.call("POST", `${url}/dismiss`, { body: { reason: "sent twice" } });
    expect(await waiting).toMatchObject({ status: 200, json: { state: "rejected" } });
  });
});

const nextOf = async (path: string): Promise<string> => (await edge.call("GET", path)).json.next;

describe("a cursor", () => {
  test("is good for the filters that it came with, and for no others", async () => {
    for (const name of ["b", "c"]) await aNote(edge, patient, `notes/${name}.md`);
    const since = "updatedSince=2020-01-01T00:00:00Z";
    const lists = [
      ["/v1/operations?limit=1", ["state=committed", `patientId=${patient}`]],
      [`/v1/operations?limit=1&patientId=${patient}`, ["state=committed", "state=queued"]],
      ["/v1/operations?limit=1&state=committed", [`patientId=${patient}`]],
      [`/v1/patients?limit=1&${since}`, ["updatedSince=2021-01-01T00:00:00Z"]],
    ] as const;
    for (const [list, others] of lists) {
      const cursor = await nextOf(list);
      expect((await edge.call("GET", `${list}&cursor=${cursor}`)).status).toBe(200);
      for (const other of others) {
        const [name = ""] = other.split("=");
        const path = `${list.replace(new RegExp(`&${name}=[^&]*`), "")}&${other}&cursor=${cursor}`;
        expect(await edge.call("GET", path)).toMatchObject({ status: 400, json: { code: "invalid-cursor" } });
      }
    }
  });

  test("of a search is good for what was searched for, and for nothing else", async () => {
    await aPatient(edge);
    const search = (body: object, cursor = "") => edge.call("POST", `/v1/patients/search?limit=1${cursor}`, { body });
    const { next } = (await search({ name: "Doe" })).json;
    expect((await search({ name: "Doe" }, `&cursor=${next}`)).status).toBe(200);
    for (const other of [{ name: "Do" }, { birthDate: "1990-04-02" }, { name: "Doe", birthDate: "1990-04-02" }])
      expect((await search(other, `&cursor=${next}`)).json.code).toBe("invalid-cursor");
  });
});

const detailOf = async (name: string) => (await edge.call("GET", `/v1/patients?${name}=1`)).json.detail;

test("a parameter that no route knows is named only where its name says nothing", async () => {
  expect(await detailOf("colour")).toContain("the query parameter colour.");
  for (const name of ["Jane%20Doe", "x".repeat(41), "a-b", "%C3%A9"])
    expect(await detailOf(name)).toMatch(/^This route does not know one of the query's parameters\./);
});

test.for([
  ["damaged", 500, "internal-error", undefined],
  ["transient", 503, "unavailable", "1"],
  ["segment-missing", 503, "unavailable", "1"],
] as const)("a store that is %s makes the answer %i", async ([fault, status, code, retryAfter]) => {
  await using broken = await anHttpEdge();
  const current = () => Promise.reject(new Fault(fault, "secret words"));
  Object.assign(broken.deps.records, { current });
  const answer = await broken.call("GET", `/v1/patients/${randomUUID()}`);
  expect(answer).toMatchObject({ status, json: { code } });
  expect(answer.headers["retry-after"]).toBe(retryAfter);
  expect(answer.text).not.toContain("secret");
});

test("percent-escapes in a path are undone once", async () => {
  expect((await edge.call("GET", fileOf(patient, "%61.md"))).status).toBe(200);
  expect((await edge.call("GET", fileOf(patient, "%2561.md"))).status).toBe(404);
});
