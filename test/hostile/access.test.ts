import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes } from "../../functions/routes.ts";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { aNote, anHttpEdge, aPatient, aPatientBody, type Call, type HttpEdge } from "../support/http-edge.ts";

/** Every scope that the HTTP contract names; a token carries one of them. */
const scopes = [
  "record:read", "record:write", "operation:read", "registration:declare", "registration:validate", "registration:register",
  "registration:correct", "registration:decide", "ops:read", "ops:redrive", "audit:read",
] as const; // prettier-ignore
type Scope = (typeof scopes)[number];

const reading: readonly Scope[] = ["record:read", "record:write"];
const writing: readonly Scope[] = ["record:write"];
const following: readonly Scope[] = ["record:read", "record:write", "operation:read"];
const redriving: readonly Scope[] = ["ops:redrive"];

/** How a caller's `patients` claim keeps a foreign patient from it. */
type Foreign = "404" | "left out" | "no patient";

interface Rule {
  /** Who may, with one scope; null: everybody, without a token. */
  readonly scopes: readonly Scope[] | null;
  readonly foreign: Foreign;
  /** What is answered to who may. */
  readonly status: number;
  readonly call?: () => Call;
  readonly query?: string;
}

const text = { "content-type": "text/plain" };
const pack = { "content-type": "application/x-git-upload-pack-request" };

/** The rules as the contract words them, written out again: what the product's own tables say is not asked. */
const rules: Readonly<Record<string, Rule>> = {
  "POST /v1/patients": { scopes: writing, foreign: "404", status: 202, call: () => ({ body: aPatientBody({ id: randomUUID() }) }) },
  "GET /v1/patients": { scopes: reading, foreign: "left out", status: 200 },
  "POST /v1/patients/search": { scopes: reading, foreign: "left out", status: 200, call: () => ({ body: { name: "Doe" } }) },
  "GET /v1/patients/{patientId}": { scopes: reading, foreign: "404", status: 200 },
  "GET /v1/patients/{patientId}/files/{proxy+}": { scopes: reading, foreign: "404", status: 200 },
  "PUT /v1/patients/{patientId}/files/{proxy+}": { scopes: writing, foreign: "404", status: 202, call: () => ({ body: "second", headers: { ...text, "if-match": tag } }) },
  "DELETE /v1/patients/{patientId}/files/{proxy+}": { scopes: writing, foreign: "404", status: 202, call: () => ({ headers: { "if-match": tag } }) },
  "POST /v1/patients/{patientId}/changes": { scopes: writing, foreign: "404", status: 202, call: () => ({ body: { summary: "s", changes: [{ put: `notes/${randomUUID()}.md`, content: "x", ifMatch: null }] } }) },
  "GET /v1/patients/{patientId}/commits": { scopes: reading, foreign: "404", status: 200 },
  "GET /v1/patients/{patientId}/commits/{oid}": { scopes: reading, foreign: "404", status: 200 },
  "GET /v1/operations": { scopes: following, foreign: "left out", status: 200 },
  "GET /v1/operations/{operationId}": { scopes: following, foreign: "404", status: 200 },
  "POST /v1/operations/redrive": { scopes: redriving, foreign: "404", status: 200, call: () => ({ body: { patientId: patient } }) },
  "POST /v1/operations/{operationId}/redrive": { scopes: redriving, foreign: "404", status: 202 },
  "POST /v1/operations/{operationId}/dismiss": { scopes: redriving, foreign: "404", status: 200, call: () => ({ body: { reason: "r" } }) },
  "GET /git/{patientId}.git/info/refs": { scopes: reading, foreign: "404", status: 200, query: "?service=git-upload-pack" },
  "POST /git/{patientId}.git/git-upload-pack": { scopes: reading, foreign: "404", status: 200, call: () => ({ headers: pack, body: Buffer.from(`0032want ${commit}\n00000009done\n`) }) },
  // Whoever may read is told why a push is refused, with a code of its own.
  "POST /git/{patientId}.git/git-receive-pack": { scopes: reading, foreign: "404", status: 403, call: () => ({ body: "0000" }) },
  "GET /healthz": { scopes: null, foreign: "no patient", status: 200 },
  "GET /openapi.json": { scopes: null, foreign: "no patient", status: 200 },
  "GET /docs": { scopes: null, foreign: "no patient", status: 200 },
  "GET /.well-known/allowed-signers": { scopes: null, foreign: "no patient", status: 200 },
}; // prettier-ignore

let edge: HttpEdge;
let patient: string;
let commit: string;
let tag: string;
let operation: string;
beforeAll(async () => {
  edge = await anHttpEdge({ openPerPatient: 1_000 });
  patient = await aPatient(edge);
  tag = await aNote(edge, patient);
  ({ commit } = (await edge.call("GET", `/v1/patients/${patient}`)).json);
  operation = (await edge.call("GET", `/v1/operations?patientId=${patient}`)).json.items[0].id;
});
afterAll(() => edge[Symbol.asyncDispose]());

/** An operation of the patient that was set aside. */
const park = async (): Promise<string> => {
  const body = { summary: "s", changes: [{ put: `notes/${randomUUID()}.md`, content: "x", ifMatch: null }] };
  const { id } = (await edge.call("POST", `/v1/patients/${patient}/changes`, { body })).json;
  await edge.deps.engine.operations.park(parkedOutcome({ operationId: id, attempt: 1 }, "tries", Date.now()));
  return id;
};

/** Sends what the route takes, all of it valid, so that nothing but access can speak against it. */
const ask = async (name: string, token: string | null) => {
  const [method = "", template = ""] = name.split(" ");
  const { call, query = "" } = rules[name]!;
  const id = /redrive|dismiss/.test(template) ? await park() : operation;
  const path = template
    .replace("{patientId}", patient)
    .replace("{operationId}", id)
    .replace("{oid}", commit)
    .replace("{proxy+}", "notes/a.md");
  const before = edge.written();
  const { status, json, text: body } = await edge.call(method, path + query, { ...call?.(), token });
  return { status, code: json?.code, body, stored: edge.written() > before };
};

/** The claims of a token of the patient's own, of one for everybody, and of one for somebody else. */
const owners = {
  "without a patients claim": () => ({}),
  "whose patients claim names the patient": () => ({ patients: [patient, randomUUID()] }),
  "whose patients claim leaves the patient out": () => ({ patients: [randomUUID()] }),
  "whose patients claim is empty": () => ({ patients: [] }),
} as const;
type Owner = keyof typeof owners;

const matrix = Object.keys(rules).flatMap((name) =>
  scopes.flatMap((scope) => (Object.keys(owners) as Owner[]).map((owner) => ({ name, scope, owner }))),
);

const isForeign = (owner: Owner): boolean => owner.endsWith("out") || owner.endsWith("empty");

/** What the rule says of a token. */
const expected = (name: string, scope: Scope, owner: Owner): { status: number; code?: string } => {
  const { scopes: allowed, foreign, status } = rules[name]!;
  if (allowed !== null && !allowed.includes(scope)) return { status: 403, code: "insufficient-scope" };
  // A create names its patient in the body: a new one is nobody's own.
  const isOthers = isForeign(owner) || (name === "POST /v1/patients" && owner !== "without a patients claim");
  return foreign === "404" && isOthers ? { status: 404, code: "not-found" } : { status };
};

test("the table has every route, and no other", () => {
  expect(Object.keys(rules).toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
});

describe(`one scope alone, ${matrix.length} times`, () => {
  test.for(matrix)("$name: $scope, $owner", async ({ name, scope, owner }) => {
    const token = await edge.token({ scope, ...owners[owner]() });
    const answer = await ask(name, token);
    expect(answer).toMatchObject(expected(name, scope, owner));
    expect(answer.stored && answer.status >= 400).toBe(false);
    // A foreign patient is in no list, nor anywhere else in what is answered.
    expect(isForeign(owner) && answer.body.includes(patient)).toBe(false);
  });
});

test.for(Object.keys(rules))("%s: without a token, and with one that has no scope", async (name) => {
  const isOpen = rules[name]!.scopes === null;
  expect(await ask(name, null)).toMatchObject({ status: isOpen ? 200 : 401, stored: false });
  expect(await ask(name, await edge.token({ scope: "" }))).toMatchObject({ status: isOpen ? 200 : 403, stored: false });
});

test("a stranger with every scope but operation:read does not see another's operation", async () => {
  const scope = scopes.filter((one) => one !== "operation:read").join(" ");
  const token = await edge.token({ subject: "user-2", scope });
  expect(await edge.call("GET", `/v1/operations/${operation}`, { token })).toMatchObject({ status: 404 });
  expect((await edge.call("GET", `/v1/operations?patientId=${patient}`, { token })).json.items).toEqual([]);
});

test("a foreign patient is answered like one that does not exist", async () => {
  const token = await edge.token({ patients: [randomUUID()] });
  for (const name of Object.keys(rules).filter((one) => one.includes("{patientId}"))) {
    const [method = "", template = ""] = name.split(" ");
    const path = template.replace("{oid}", commit).replace("{proxy+}", "notes/a.md") + (rules[name]!.query ?? "");
    const [foreign, unknown] = await Promise.all(
      [patient, randomUUID()].map(async (id) => {
        const call = { ...rules[name]!.call?.(), token };
        const { status, json, headers } = await edge.call(method, path.replace("{patientId}", id), call);
        const { instance: _, ...problem } = json;
        return { status, problem, fields: Object.keys(headers) };
      }),
    );
    expect(foreign).toEqual(unknown);
  }
});
