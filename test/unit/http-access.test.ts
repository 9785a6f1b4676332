import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasScope, mayAccess, scopesFor } from "../../functions/access.ts";
import { scopes } from "../../functions/roles.ts";
import { functionFor, methodsAt, routes } from "../../functions/routes.ts";
import { aNote, anHttpEdge, aPatient, type Call, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
let patient: string;
let commit: string;
let operation: string;
beforeAll(async () => {
  edge = await anHttpEdge();
  patient = await aPatient(edge);
  await aNote(edge, patient);
  ({ commit } = (await edge.call("GET", `/v1/patients/${patient}`)).json);
  operation = (await edge.call("GET", "/v1/operations")).json.items[0].id;
});
afterAll(() => edge[Symbol.asyncDispose]());

const pathOf = (path: string): string =>
  path
    .replace("{patientId}", patient)
    .replace("{operationId}", operation)
    .replace("{oid}", commit)
    .replace("{proxy+}", "notes/a.md");

/** Parsed after the caller was authorised, so that what is missing here is 400 or 428 for those who may. */
const asked: Call = { headers: { "content-type": "text/plain" }, body: "x", key: null };
const matrix = routes.flatMap((route) =>
  scopes.map((scope) => ({ ...route, scope, name: `${route.method} ${route.path}` })),
);

describe("with one scope", () => {
  test.for(matrix)("$scope: $name", async ({ method, path, action, scope }) => {
    const { status, json } = await edge.call(method, pathOf(path), { ...asked, token: await edge.token({ scope }) });
    const allowed: readonly string[] = action === null ? scopes : scopesFor[action];
    // A push is refused to everybody, with a code of its own.
    const isRefused = status === 403 && json.code === "insufficient-scope";
    expect(isRefused).toBe(!allowed.includes(scope));
    expect(status).not.toBe(401);
  });
});

describe("without a token", () => {
  test.for(routes)("$method $path", async ({ method, path, action }) => {
    const { status, headers } = await edge.call(method, pathOf(path), { ...asked, token: null });
    expect(status).toBe(action === null ? 200 : 401);
    expect(headers["www-authenticate"]?.includes("Bearer ")).toBe(action === null ? undefined : true);
    expect(headers["x-request-id"]).toBeDefined();
  });
});

describe("with a patients claim that leaves the patient out", () => {
  const aboutPatient = routes.filter(({ path }) => path.includes("{patientId}"));
  test.for(aboutPatient)("$method $path is 404", async ({ method, path }) => {
    const token = await edge.token({ patients: [randomUUID()] });
    expect((await edge.call(method, pathOf(path), { ...asked, token })).status).toBe(404);
  });

  test("lists, searches and operations leave it out", async () => {
    const token = await edge.token({ patients: [randomUUID()] });
    expect((await edge.call("GET", "/v1/patients", { token })).json.items).toEqual([]);
    expect((await edge.call("POST", "/v1/patients/search", { token, body: { name: "Doe" } })).json.items).toEqual([]);
    expect((await edge.call("GET", "/v1/operations", { token })).json.items).toEqual([]);
    expect((await edge.call("GET", `/v1/operations?patientId=${patient}`, { token })).status).toBe(404);
    expect((await edge.call("GET", `/v1/operations/${operation}`, { token })).status).toBe(404);
  });

  test("it cannot be created either", async () => {
    const body = { id: randomUUID(), name: { family: "Doe", given: [] }, birthDate: "1990-04-02", sex: "female" };
    const token = await edge.token({ patients: [randomUUID()] });
    const refusals = [body, { ...body, id: undefined }, { ...body, id: patient }].map((create) =>
      edge.call("POST", "/v1/patients", { token, body: create }),
    );
    for (const { status, json } of await Promise.all(refusals)) {
      expect(status).toBe(404);
      expect(json.detail).toMatch(/^This token may only write to the patients that it names\./);
    }
    const mine = await edge.token({ patients: [body.id] });
    expect((await edge.call("POST", "/v1/patients", { token: mine, body })).status).toBe(202);
  });

  test("and one that names it sees it, and nothing else", async () => {
    const token = await edge.token({ patients: [patient] });
    await aPatient(edge);
    const { items } = (await edge.call("GET", "/v1/patients", { token })).json;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([patient]);
    expect((await edge.call("GET", `/v1/patients/${patient}`, { token })).status).toBe(200);
  });
});

test("an operation is seen by its submitter and by holders of operation:read, and by nobody else", async () => {
  const stranger = await edge.token({ subject: "user-2", scope: "record:read record:write" });
  const auditor = await edge.token({ subject: "user-3", scope: "operation:read" });
  const submitter = await edge.token({ scope: "record:write" });
  const url = `/v1/operations/${operation}`;
  const statuses = await Promise.all(
    [stranger, auditor, submitter].map(async (token) => (await edge.call("GET", url, { token })).status),
  );
  expect(statuses).toEqual([404, 200, 200]);
  expect((await edge.call("GET", "/v1/operations", { token: stranger })).json.items).toEqual([]);
  expect((await edge.call("GET", "/v1/operations", { token: auditor })).json.items.length).toBeGreaterThan(0);
});

test("mayAccess asks for scope and membership", () => {
  const caller = {
    issuer: "",
    subject: "",
    name: "",
    role: "",
    scopes: new Set(["record:write"]),
    patients: new Set(["p"]),
  };
  expect(mayAccess(caller, "p", "write")).toBe(true);
  expect(mayAccess(caller, "p", "read")).toBe(true);
  expect(mayAccess(caller, "q", "read")).toBe(false);
  expect(mayAccess({ ...caller, patients: null }, "q", "read")).toBe(true);
  expect(hasScope(caller, "redrive")).toBe(false);
});

test("each route is answered by its function, and a literal path is not a patient's id", () => {
  for (const { method, path, function: name } of routes) expect(functionFor(method, pathOf(path))).toBe(name);
  expect(functionFor("HEAD", `/v1/patients/${patient}`)).toBe("read");
  expect(methodsAt("/v1/patients/search")).toEqual(["POST"]);
  expect(functionFor("GET", "/nowhere")).toBe("health");
});
