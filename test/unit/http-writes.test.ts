import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operationIdOf } from "../../functions/http/idempotency.ts";
import { aNote, anHttpEdge, aPatient, aPatientBody, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
beforeAll(async () => {
  edge = await anHttpEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const text = { "content-type": "text/plain" };

describe("a write", () => {
  test("is answered 202 with its operation, where to follow it, and when to come back", async () => {
    const { status, headers, json } = await edge.call("POST", "/v1/patients", { body: aPatientBody() });
    expect(status).toBe(202);
    expect(headers["location"]).toBe(`/v1/operations/${json.id}`);
    expect(headers["retry-after"]).toBe("1");
    expect(json).toMatchObject({ command: "CreatePatient", state: "queued", version: 1, commit: null, problem: null });
    await edge.work();
    const followed = await edge.call("GET", `/v1/operations/${json.id}`);
    expect(followed.json).toMatchObject({ state: "committed", resource: `/v1/patients/${json.patientId}` });
    expect(followed.json.etag).toBe(`"${followed.json.commit}"`);
  });

  test("that waits is answered with its outcome", async () => {
    const id = await aPatient(edge);
    const waiting = edge.call("PUT", `/v1/patients/${id}/files/notes/waited.md`, {
      headers: { ...text, "if-none-match": "*", prefer: "wait=10" },
      body: "waited",
    });
    await untilQueued(edge, id);
    await edge.work();
    const { status, headers, json } = await waiting;
    expect(status).toBe(201);
    expect(headers["location"]).toBe(`/v1/patients/${id}/files/notes/waited.md`);
    expect(headers["etag"]).toBe(json.etag);
    expect(headers["preference-applied"]).toBe("wait=10");
    const file = await edge.call("GET", headers["location"]!);
    expect(file).toMatchObject({ status: 200, text: "waited" });
    expect(file.headers).toMatchObject({ etag: headers["etag"], "content-type": "text/markdown; charset=utf-8" });
  });

  test("that replaces or deletes is answered 200", async () => {
    const id = await aPatient(edge);
    const etag = await aNote(edge, id);
    const url = `/v1/patients/${id}/files/notes/a.md`;
    const replaced = await edge.call("PUT", url, {
      headers: { ...text, "if-match": etag },
      body: "second",
      key: "replace",
    });
    expect(replaced.status).toBe(202);
    await edge.work();
    const outcome = await edge.call("PUT", url, {
      headers: { ...text, "if-match": etag },
      body: "second",
      key: "replace",
    });
    expect(outcome.status).toBe(200);
    const deleted = { headers: { "if-match": outcome.headers["etag"]! }, key: "delete" };
    await edge.call("DELETE", url, deleted);
    await edge.work();
    const gone = await edge.call("DELETE", url, deleted);
    expect(gone).toMatchObject({ status: 200, json: { state: "committed", etag: null } });
    expect(gone.headers).not.toHaveProperty("etag");
    expect((await edge.call("GET", url)).status).toBe(404);
  });

  test("that comes before the commit that creates its patient is accepted, and follows it", async () => {
    const id = randomUUID();
    await edge.call("POST", "/v1/patients", { body: aPatientBody({ id }) });
    const note = await edge.call("PUT", `/v1/patients/${id}/files/notes/early.md`, {
      headers: { ...text, "if-none-match": "*" },
      body: "early",
    });
    expect(note.status).toBe(202);
    await edge.work();
    expect((await edge.call("GET", `/v1/patients/${id}`)).json).toMatchObject({ commits: 2 });
  });

  test("to a patient that nobody creates is 404, with the body that a patient out of reach gets", async () => {
    const asked = { headers: { ...text, "if-none-match": "*" }, body: "x" };
    const unknown = await edge.call("PUT", `/v1/patients/${randomUUID()}/files/notes/a.md`, asked);
    const id = await aPatient(edge);
    const token = await edge.token({ patients: [randomUUID()] });
    const hidden = await edge.call("PUT", `/v1/patients/${id}/files/notes/a.md`, { ...asked, token });
    expect([unknown.status, hidden.status]).toEqual([404, 404]);
    expect({ ...hidden.json, instance: "" }).toEqual({ ...unknown.json, instance: "" });
  });
});

describe("a repeat with the same key", () => {
  test("is the same operation, and says so", async () => {
    const id = await aPatient(edge);
    const asked = { headers: { ...text, "if-none-match": "*" }, body: "once", key: randomUUID() };
    const url = `/v1/patients/${id}/files/notes/once.md`;
    const before = await edge.operations();
    const first = await edge.call("PUT", url, asked);
    const second = await edge.call("PUT", url, asked);
    expect(first.headers).not.toHaveProperty("idempotent-replayed");
    expect(second).toMatchObject({ status: 202, json: first.json, headers: { "idempotent-replayed": "true" } });
    await edge.work();
    // Its precondition is stale by now; the answer is still the first outcome.
    const third = await edge.call("PUT", url, asked);
    expect(third).toMatchObject({ status: 201, json: { id: first.json.id, state: "committed" } });
    expect(third.headers["idempotent-replayed"]).toBe("true");
    expect(await edge.operations()).toBe(before + 1);
  });

  test("whose twin is committed while it stands at the door is answered with that success, not with 412", async () => {
    const id = await aPatient(edge);
    const asked = { headers: { ...text, "if-none-match": "*" }, body: "twin", key: randomUUID() };
    const url = `/v1/patients/${id}/files/notes/twin.md`;
    const { records } = edge.deps;
    const { current } = records;
    // The first look-up of the key is over when the door reads the record: there the twin overtakes.
    const overtaken: typeof current = async (patientId) => {
      Object.assign(records, { current });
      expect((await edge.call("PUT", url, asked)).status).toBe(202);
      await edge.work();
      return current(patientId);
    };
    Object.assign(records, { current: overtaken });
    const late = await edge.call("PUT", url, asked);
    expect(late).toMatchObject({
      status: 201,
      headers: { "idempotent-replayed": "true" },
      json: { state: "committed" },
    });
  });

  test("from 50 at once makes one operation and one commit", async () => {
    const id = await aPatient(edge);
    const asked = { headers: { ...text, "if-none-match": "*" }, body: "once", key: randomUUID() };
    const url = `/v1/patients/${id}/files/notes/race.md`;
    const answers = await Promise.all(Array.from({ length: 50 }, () => edge.call("PUT", url, asked)));
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined)).toHaveLength(1);
    await edge.work();
    expect((await edge.call("GET", `/v1/patients/${id}`)).json.commits).toBe(2);
  });

  test.for([
    ["body", { body: "other" }],
    ["media type", { headers: { ...text, "content-type": "text/markdown", "if-none-match": "*" } }],
    ["precondition", { headers: { ...text, "if-match": `"${"0".repeat(40)}"` } }],
  ] as const)("and another %s is 422", async ([, over]) => {
    const id = await aPatient(edge);
    const url = `/v1/patients/${id}/files/notes/key.md`;
    const asked = { headers: { ...text, "if-none-match": "*" }, body: "one", key: randomUUID() };
    await edge.call("PUT", url, asked);
    const other = await edge.call("PUT", url, { ...asked, ...over });
    expect(other).toMatchObject({ status: 422, json: { code: "idempotency-key-reused" } });
  });

  test("and another method is 422", async () => {
    const id = await aPatient(edge);
    const url = `/v1/patients/${id}/files/notes/a.md`;
    const asked = { headers: { ...text, "if-match": await aNote(edge, id) }, body: "", key: randomUUID() };
    expect((await edge.call("PUT", url, asked)).status).toBe(202);
    const other = await edge.call("DELETE", url, asked);
    expect(other).toMatchObject({ status: 422, json: { code: "idempotency-key-reused" } });
    await edge.work();
  });

  test("of another caller is another operation", async () => {
    const body = aPatientBody();
    const mine = await edge.call("POST", "/v1/patients", { body, key: "shared" });
    const theirs = await edge.call("POST", "/v1/patients", {
      body,
      key: "shared",
      token: await edge.token({ subject: "user-2" }),
    });
    expect(theirs.json.id).not.toBe(mine.json.id);
  });

  test.for(["issuer", "subject"] as const)("of another %s is another operation", (which) => {
    const caller = { issuer: "https://one.test", subject: "user-1", name: "A Clinician", role: "clinician" };
    expect(operationIdOf({ ...caller, name: "Another" }, "shared")).toBe(operationIdOf(caller, "shared"));
    expect(operationIdOf({ ...caller, [which]: "other" }, "shared")).not.toBe(operationIdOf(caller, "shared"));
  });

  test("repeats a rejection with its own status and the members that help", async () => {
    const id = await aPatient(edge);
    const etag = await aNote(edge, id);
    const url = `/v1/patients/${id}/files/notes/a.md`;
    const write = (body: string, key: string) => ({
      headers: { ...text, "if-match": etag, prefer: "return=representation" },
      body,
      key,
    });
    await edge.call("PUT", url, write("winner", `w-${id}`));
    await edge.call("PUT", url, write("loser", `l-${id}`));
    await edge.work();
    const current = (await edge.call("GET", url)).headers["etag"];
    const lost = await edge.call("PUT", url, write("loser", `l-${id}`));
    expect(lost.status).toBe(412);
    expect(lost.headers).toMatchObject({ etag: current, "preference-applied": "return=representation" });
    expect(lost.json).toMatchObject({ currentEtag: current, changedPaths: ["notes/a.md"], current: "winner" });
    expect(lost.json.instance).toBe(`/v1/operations/${lost.json.operationId}`);
    const row = await edge.call("GET", lost.json.instance);
    expect(row.json).toMatchObject({ state: "rejected", problem: { code: "precondition-failed" } });
    expect(row.text).not.toContain("winner");
  });
});

test("a 412 at the door carries the current content when the client prefers it", async () => {
  const id = await aPatient(edge);
  const etag = await aNote(edge, id);
  const before = await edge.operations();
  const stale = await edge.call("PUT", `/v1/patients/${id}/files/notes/a.md`, {
    headers: { ...text, "if-match": `"${"0".repeat(40)}"`, prefer: "return=representation" },
    body: "x",
  });
  expect(stale).toMatchObject({ status: 412, headers: { etag }, json: { current: "first", currentEtag: etag } });
  expect(await edge.operations()).toBe(before);
});

const replace = (ifMatch: string, prefer: string) => ({
  headers: { ...text, "if-match": ifMatch, prefer },
  body: randomUUID(),
});

test("a tag that was current after one's own waited write is refused at the door once the record moved on", async () => {
  const id = await aPatient(edge);
  const url = `/v1/patients/${id}/files/notes/a.md`;
  const waited = async (ifMatch: string): Promise<string> => {
    const waiting = edge.call("PUT", url, replace(ifMatch, "wait=10"));
    await untilQueued(edge, id);
    await edge.work();
    return (await waiting).headers["etag"]!;
  };
  const first = await waited(await aNote(edge, id));
  const second = await waited(first);
  // Nobody waits for this one: what is remembered of the file is out of date.
  expect((await edge.call("PUT", url, replace(second, "wait=0"))).status).toBe(202);
  await edge.work();
  const before = await edge.operations();
  const stale = await edge.call("PUT", url, replace(second, "wait=0"));
  expect(stale).toMatchObject({ status: 412, json: { code: "precondition-failed" } });
  expect(stale.json).not.toHaveProperty("operationId");
  expect(await edge.operations()).toBe(before);
});

test("a patient with too many open operations is refused with 429, and nothing is stored", async () => {
  await using small = await anHttpEdge({ openPerPatient: 3 });
  const id = await aPatient(small);
  const put = (name: string) =>
    small.call("PUT", `/v1/patients/${id}/files/notes/${name}.md`, {
      headers: { ...text, "if-none-match": "*" },
      body: name,
    });
  for (const name of ["a", "b", "c"]) expect((await put(name)).status).toBe(202);
  const before = await small.operations();
  expect(await put("d")).toMatchObject({
    status: 429,
    json: { code: "too-many-operations" },
    headers: { "retry-after": "1" },
  });
  expect(await small.operations()).toBe(before);
  await small.work();
  expect((await put("d")).status).toBe(202);
});

const untilQueued = async ({ deps }: HttpEdge, id: string): Promise<void> => {
  while ((await deps.engine.operations.countQueued(id, 1)) === 0)
    await new Promise((resolve) => void setTimeout(resolve, 5));
};

const changesFrom = (id: string, expectedCommit: string) =>
  edge.call("POST", `/v1/patients/${id}/changes`, {
    body: { summary: "late", expectedCommit, changes: [{ put: "notes/late.md", content: "late" }] },
  });

test("a summary is one line of 1 to 200 characters, without the white space around it", async () => {
  const id = await aPatient(edge);
  const write = (summary: unknown, name: string) =>
    edge.call("POST", `/v1/patients/${id}/changes`, {
      body: { summary, changes: [{ put: `notes/${name}.md`, content: "", ifMatch: null }] },
    });
  for (const summary of [undefined, "", " \n ", "two\nlines", "x".repeat(201)])
    expect(await write(summary, "a")).toMatchObject({ status: 400, json: { code: "invalid-request" } });
  expect((await write(` ${"x".repeat(200)}\n`, "b")).status).toBe(202);
  await edge.work();
  const { items } = (await edge.call("GET", `/v1/patients/${id}/commits`)).json;
  expect(items[0].summary).toBe("x".repeat(200));
});

describe("a change set with an expectedCommit that is not the record's any more", () => {
  test("is told at the door what has changed since, and stores nothing", async () => {
    const id = await aPatient(edge);
    const seen = (await edge.call("GET", `/v1/patients/${id}`)).json.commit;
    await aNote(edge, id, "notes/b.md");
    await aNote(edge, id, "notes/a.md");
    const now = (await edge.call("GET", `/v1/patients/${id}`)).json.commit;
    const before = await edge.operations();
    const { status, json } = await changesFrom(id, seen);
    expect(status).toBe(412);
    expect(json).toMatchObject({ code: "precondition-failed", currentEtag: `"${now}"` });
    expect(json.changedPaths).toEqual(["notes/a.md", "notes/b.md"]);
    expect(await edge.operations()).toBe(before);
  });

  test("is told that its commit was never in the history, without paths", async () => {
    const id = await aPatient(edge);
    const { status, json } = await changesFrom(id, "0".repeat(40));
    expect(status).toBe(412);
    expect(json.detail).toContain("not in the history");
    expect(json).not.toHaveProperty("changedPaths");
  });
});
