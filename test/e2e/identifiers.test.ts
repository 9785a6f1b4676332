import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { startService } from "../support/service.ts";

const mrn = (value: string) => ({ system: "urn:example:mrn", value });

test("of two creates with one identifier, racing 100 times, always exactly one is made", async () => {
  await using service = await startService();
  for (let race = 0; race < 100; race++) {
    const identifiers = [mrn(`race-${race}`)];
    const two = await Promise.all([aPatientOf(service, { identifiers }), aPatientOf(service, { identifiers })]);
    const answers = two.map(({ create }) => [create.status, create.json.code]);
    expect(answers.toSorted()).toEqual([
      [201, undefined],
      [409, "identifier-in-use"],
    ]);
    const found = await service.request("POST", "/v1/patients/search", {
      body: { identifier: identifiers[0] },
      key: null,
    });
    const winner = two.find(({ create }) => create.status === 201);
    expect(found.json.items.map(({ id }: { id: string }) => id)).toEqual([winner?.id]);
  }
}, 120_000);

test("changing an identifier frees the old one", async () => {
  await using service = await startService();
  const first = await aPatientOf(service, { identifiers: [mrn("one")] });
  const path = `/v1/patients/${first.id}/files/demographics/patient.yaml`;
  const { text, headers } = await service.request("GET", path);
  const changed = await service.request("PUT", path, {
    headers: { "content-type": "application/yaml", "if-match": headers.get("etag") ?? "", prefer: "wait=20" },
    body: text.replace("value: one", "value: two"),
  });
  expect(changed.status).toBe(200);
  const [old, now] = [
    await aPatientOf(service, { identifiers: [mrn("one")] }),
    await aPatientOf(service, { identifiers: [mrn("two")] }),
  ];
  expect([old.create.status, now.create.status]).toEqual([201, 409]);
});

test("a create with the client's id and its first changes, sent in one go, end in order", async () => {
  await using service = await startService();
  const id = randomUUID();
  const body = {
    id,
    name: { family: "Doe", given: ["Sample"] },
    birthDate: "1990-04-02",
    sex: "female",
    identifiers: [],
  };
  const headers = { "content-type": "text/markdown", "if-none-match": "*" };
  const create = await service.request("POST", "/v1/patients", { headers: { prefer: "wait=0" }, body });
  const notes = [];
  for (const name of ["a", "b", "c"]) {
    notes.push(await service.request("PUT", `/v1/patients/${id}/files/notes/${name}.md`, { headers, body: "x\n" }));
  }
  expect([create, ...notes].map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  const last = await service.request("GET", `/v1/operations/${notes[2]?.json.id}`, { headers: { prefer: "wait=20" } });
  expect(last.json.state).toBe("committed");
  using clone = await cloneOf(service, id);
  expect(await clone.operationIds()).toEqual([create, ...notes].map(({ json }) => json.id));
  const again = await service.request("POST", "/v1/patients", { headers: { prefer: "wait=20" }, body });
  expect([again.status, again.json.code]).toEqual([409, "patient-exists"]);
});

test("a write to a patient that nobody creates is 404 at the door", async () => {
  await using service = await startService();
  const reply = await service.request("PUT", `/v1/patients/${randomUUID()}/files/notes/a.md`, {
    headers: { "content-type": "text/markdown", "if-none-match": "*" },
    body: "x\n",
  });
  expect([reply.status, reply.json.code]).toEqual([404, "not-found"]);
});
