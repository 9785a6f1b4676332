import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { sendOneKey } from "../support/contended-writes.ts";
import { startService } from "../support/service.ts";

test("one key sent 1,000 times from 50 clients, across a restart, is one operation and one commit", async () => {
  await using service = await startService();
  const { seen, statuses, history } = await sendOneKey(service, { clients: 50, times: 10 });
  expect(statuses).toEqual([201]);
  expect(seen).toHaveLength(1);
  expect(history).toEqual(seen);
});

test("the same key with another body, path or precondition is 422 and stores nothing", async () => {
  await using service = await startService();
  const patient = await aPatientOf(service);
  const key = randomUUID();
  const first = await patient.put("notes/a.md", { content: "one\n", key });
  const others = [
    await patient.put("notes/a.md", { content: "two\n", key }),
    await patient.put("notes/b.md", { content: "one\n", key }),
    await patient.put("notes/a.md", { content: "one\n", key, ifMatch: first.json.etag }),
  ];
  expect(others.map(({ status, json }) => [status, json.code])).toEqual([
    [422, "idempotency-key-reused"],
    [422, "idempotency-key-reused"],
    [422, "idempotency-key-reused"],
  ]);
  using clone = await cloneOf(service, patient.id);
  expect(await clone.operationIds()).toHaveLength(2);
});

test("a replay after success answers the first outcome, though its If-Match is stale by then", async () => {
  await using service = await startService();
  const patient = await aPatientOf(service);
  const first = await patient.put("notes/a.md", { content: "one\n" });
  const edit = { content: "two\n", key: randomUUID(), ifMatch: first.json.etag };
  const second = await patient.put("notes/a.md", edit);
  await patient.put("notes/a.md", { content: "three\n", ifMatch: second.json.etag });
  const replay = await patient.put("notes/a.md", edit);
  expect(replay.status).toBe(second.status);
  expect(replay.json).toEqual(second.json);
  expect(replay.headers.get("idempotent-replayed")).toBe("true");
  expect((await patient.read("notes/a.md")).text).toBe("three\n");
});

test("two callers with one key make two operations", async () => {
  await using service = await startService();
  const patient = await aPatientOf(service);
  const send = async (subject: string) =>
    service.request("PUT", `/v1/patients/${patient.id}/files/notes/${subject}.md`, {
      token: await service.token({ subject }),
      key: "the-same-key",
      headers: { "content-type": "text/markdown", "if-none-match": "*", prefer: "wait=20" },
      body: "x\n",
    });
  const [one, two] = [await send("user-1"), await send("user-2")];
  expect([one.status, two.status]).toEqual([201, 201]);
  expect(one.json.id).not.toBe(two.json.id);
});
