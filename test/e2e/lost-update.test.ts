import { expect, test } from "vitest";
import { aPatientOf, cloneOf, sideBySide } from "../support/clinic.ts";
import { startService } from "../support/service.ts";

const clients = 50;
const editsEach = 40;

test("every guarded edit of one file by 50 clients that ended committed is in the history once, and no other", async () => {
  await using service = await startService();
  const patient = await aPatientOf(service);
  const created = await patient.put("notes/shared.md", { content: "start\n" });
  const committed = new Set<string>([patient.create.json.id, created.json.id]);
  const unexpected: number[] = [];

  const edit = async (name: string): Promise<void> => {
    for (;;) {
      const { headers, text } = await patient.read("notes/shared.md");
      const content = `${text.split("\n").slice(-20).join("\n")}${name}\n`;
      const { status, json } = await patient.put("notes/shared.md", { content, ifMatch: headers.get("etag") ?? "" });
      if (status === 200) return void committed.add(json.id);
      if (status !== 412) unexpected.push(status);
    }
  };
  await sideBySide(clients, async (client) => {
    for (let n = 0; n < editsEach; n++) await edit(`${client}-${n}`);
  });

  expect(unexpected).toEqual([]);
  using clone = await cloneOf(service, patient.id);
  const history = await clone.operationIds();
  expect(history).toHaveLength(clients * editsEach + 2);
  expect(new Set(history)).toEqual(committed);
}, 180_000);

test("a write without If-Match is 428 and stores nothing", async () => {
  await using service = await startService();
  const patient = await aPatientOf(service);
  await patient.put("notes/a.md");
  const path = `/v1/patients/${patient.id}/files/notes/a.md`;
  const headers = { "content-type": "text/markdown" };
  const put = await service.request("PUT", path, { headers, body: "y\n" });
  const remove = await service.request("DELETE", path);
  expect([put.status, put.json.code]).toEqual([428, "precondition-required"]);
  expect([remove.status, remove.json.code]).toEqual([428, "precondition-required"]);
  using clone = await cloneOf(service, patient.id);
  expect(await clone.operationIds()).toHaveLength(2);
});
