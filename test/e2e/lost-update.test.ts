import { expect, test } from "vitest";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { editTogether } from "../support/contended-writes.ts";
import { startService } from "../support/service.ts";

test("every guarded edit of one file by 50 clients that ended committed is in the history once, and no other", async () => {
  await using service = await startService();
  const { unexpected, committed, history } = await editTogether(service, { clients: 50, times: 40 });
  expect(unexpected).toEqual([]);
  expect(history).toHaveLength(50 * 40 + 2);
  expect(history).toEqual(committed);
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
