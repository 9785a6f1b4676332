import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import type { OperationMessage } from "../../shared/operation.ts";
import { aSubmission } from "../support/an-operation.ts";
import { anHttpEdge, aPatient, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
beforeAll(async () => {
  edge = await anHttpEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

/** Notes `1.md`, `2.md` … of a patient, each written by an operation that was set aside; gives the operations' ids. */
const parkedNotes = async (patientId: string, count: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) {
    const { json } = await edge.call("PUT", `/v1/patients/${patientId}/files/notes/${n}.md`, {
      headers: { "if-none-match": "*", "content-type": "text/plain" },
      body: `note ${n}`,
    });
    ids.push(json.id);
  }
  for (const operationId of ids)
    await edge.deps.engine.operations.park(parkedOutcome({ operationId, attempt: 1 }, "tries", Date.now()));
  await edge.work();
  return ids;
};

const redrive = (patientId: unknown, asked: { readonly token?: string } = {}) =>
  edge.call("POST", "/v1/operations/redrive", { body: { patientId }, ...asked });

const idsOf = ({ json }: Awaited<ReturnType<typeof redrive>>): readonly string[] =>
  json.items.map(({ id }: { id: string }) => id);

/** Operation ids of a patient's commits after its creation, oldest first. */
const committed = async (patientId: string): Promise<readonly string[]> => {
  const { json } = await edge.call("GET", `/v1/patients/${patientId}/commits`);
  return json.items
    .map(({ operationId }: { operationId: string }) => operationId)
    .toReversed()
    .slice(1);
};

const attempts = async (ids: readonly string[]) =>
  (await edge.deps.engine.operations.get(ids)).map((row) => `${row?.state} ${row?.attempt}`);

/** A redrive that ends when `sends` messages are sent, between a row and its message. */
const cutOff = async (patientId: string, sends: number): Promise<void> => {
  const { intake } = edge.deps.engine;
  const { send } = intake;
  let left = sends;
  Object.assign(intake, {
    send: async (message: OperationMessage) => {
      if (left-- === 0) throw new Error("cut off between row and message");
      await send(message);
    },
  });
  try {
    expect((await redrive(patientId)).status).toBe(500);
  } finally {
    Object.assign(intake, { send });
  }
};

describe("a redrive of a patient", () => {
  test("queues what is parked again and commits it in the order of submission", async () => {
    const patient = await aPatient(edge);
    const ids = await parkedNotes(patient, 5);
    const answer = await redrive(patient);
    expect(answer.status).toBe(200);
    expect(idsOf(answer)).toEqual(ids);
    expect(answer.json.items.every(({ state }: { state: string }) => state === "queued")).toBe(true);
    await edge.work();
    expect(await committed(patient)).toEqual(ids);
  });

  test("reads every page of what is parked, and keeps the order over them", async () => {
    const patient = await aPatient(edge);
    const { operations, intake } = edge.deps.engine;
    const ids: string[] = [];
    for (let n = 0; n < 101; n++) {
      const submittedAt = new Date(Date.UTC(2026, 10, 21, 9, 0, n)).toISOString();
      const { operation } = await intake.submit(aSubmission({ patientId: patient, submittedAt }));
      await operations.park(parkedOutcome({ operationId: operation.id, attempt: 1 }, "tries", Date.now()));
      ids.push(operation.id);
    }
    expect(idsOf(await redrive(patient))).toEqual(ids);
    for (const id of ids) await operations.park(parkedOutcome({ operationId: id, attempt: 2 }, "tries", Date.now()));
    await edge.work();
  });

  test.for([0, 1, 2])("that is cut off after %i messages goes on when it is repeated, in order", async (sent) => {
    const patient = await aPatient(edge);
    const ids = await parkedNotes(patient, 3);
    await cutOff(patient, sent);
    expect(await attempts(ids)).toEqual(ids.map((_, n) => (n <= sent ? "queued 2" : "parked 1")));
    expect(idsOf(await redrive(patient))).toEqual(ids);
    expect(await attempts(ids)).toEqual(ids.map(() => "queued 2"));
    await edge.work();
    expect(await committed(patient)).toEqual(ids);
    expect(idsOf(await redrive(patient))).toEqual([]);
    await edge.work();
    expect(await committed(patient)).toEqual(ids);
  });

  test("leaves alone what was never parked, and other patients", async () => {
    const [patient, other] = [await aPatient(edge), await aPatient(edge)];
    const [parked] = await parkedNotes(other, 1);
    await edge.call("PUT", `/v1/patients/${patient}/files/notes/new.md`, {
      headers: { "if-none-match": "*", "content-type": "text/plain" },
      body: "new",
    });
    expect(idsOf(await redrive(patient))).toEqual([]);
    expect(await attempts([parked!])).toEqual(["parked 1"]);
    await edge.work();
  });

  test("is audited, one line an operation", async () => {
    const patient = await aPatient(edge);
    const ids = await parkedNotes(patient, 2);
    edge.lines.length = 0;
    await redrive(patient);
    const audited = edge.lines.filter(({ event }) => event === "operation.redriven");
    expect(audited).toMatchObject(ids.map((operationId) => ({ operationId, attempt: 2, subject: "user-1" })));
    await edge.work();
  });

  test("needs ops:redrive, a patient that there is and that the token covers, and an id that is one", async () => {
    const patient = await aPatient(edge);
    const unknown = await redrive(randomUUID());
    expect(unknown).toMatchObject({ status: 404, json: { code: "not-found" } });
    const elsewhere = await redrive(patient, { token: await edge.token({ patients: [randomUUID()] }) });
    expect(elsewhere.json).toEqual({ ...unknown.json, instance: elsewhere.json.instance });
    const [operation] = await parkedNotes(patient, 1);
    for (const what of ["redrive", "dismiss"]) {
      const url = `/v1/operations/${operation}/${what}`;
      const token = await edge.token({ patients: [randomUUID()] });
      expect((await edge.call("POST", url, { token, body: { reason: "x" } })).status).toBe(404);
    }
    expect(await attempts([operation!])).toEqual(["parked 1"]);
    expect((await redrive(patient, { token: await edge.token({ scope: "record:write" }) })).status).toBe(403);
    expect(await redrive("not-an-id")).toMatchObject({ status: 400, json: { code: "invalid-request" } });
    expect((await edge.call("GET", "/v1/operations/redrive")).status).toBe(404);
  });
});
