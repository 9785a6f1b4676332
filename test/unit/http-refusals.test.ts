import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  aNote,
  anHttpEdge,
  aPatient,
  aPatientBody,
  type Answered,
  type Call,
  type HttpEdge,
} from "../support/http-edge.ts";

let edge: HttpEdge;
let patient: string;
let note: string;
beforeAll(async () => {
  edge = await anHttpEdge();
  patient = await aPatient(edge, { identifiers: [{ system: "urn:example:mrn", value: "1" }] });
  note = await aNote(edge, patient);
});
afterAll(() => edge[Symbol.asyncDispose]());

const create = { "content-type": "text/plain", "if-none-match": "*" };
const unknownTag = `"${"0".repeat(40)}"`;

type Row = readonly [title: string, method: string, path: string, call: Call, status: number, code: string];

/** `:patient` and `:note` stand for the patient's id and its note's ETag. */
const expectRefusal = async ([, method, path, call, status, code]: Row): Promise<Answered> => {
  const before = await edge.operations();
  const filled = JSON.parse(JSON.stringify(call).replaceAll(":note", JSON.stringify(note).slice(1, -1)));
  if (call.body instanceof Uint8Array) filled.body = call.body;
  const answer = await edge.call(method, path.replace(":patient", patient), filled);
  expect(answer).toMatchObject({ status, json: { status, code } });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json.type).toBe(`https://casenotes.dev/problems/${code}`);
  expect(answer.json.detail.length).toBeGreaterThan(10);
  expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(await edge.operations()).toBe(before);
  return answer;
};

const put = (call: Call): Pick<Call, "body" | "headers"> => ({
  body: "x",
  ...call,
  headers: { ...create, ...call.headers },
});
const file = "/v1/patients/:patient/files/notes/new.md";
const existing = "/v1/patients/:patient/files/notes/a.md";
const changes = "/v1/patients/:patient/changes";
const replace = (ifMatch: string, call: Call = {}): Call => ({
  body: "x",
  ...call,
  headers: { "content-type": "text/plain", "if-match": ifMatch, ...call.headers },
});
const set = (over: object, ...list: readonly object[]): Call => ({ body: { summary: "s", changes: list, ...over } });

const rules: readonly Row[] = [
  ["no Idempotency-Key", "PUT", file, { ...put({}), key: null }, 400, "idempotency-key-required"],
  ["an Idempotency-Key with a space", "PUT", file, { ...put({}), key: "a b" }, 400, "idempotency-key-required"],
  [
    "an Idempotency-Key of 256 characters",
    "PUT",
    file,
    { ...put({}), key: "k".repeat(256) },
    400,
    "idempotency-key-required",
  ],
  [
    "an empty Idempotency-Key",
    "POST",
    "/v1/patients",
    { body: aPatientBody(), key: "" },
    400,
    "idempotency-key-required",
  ],
  [
    "no precondition on a PUT",
    "PUT",
    file,
    { body: "x", headers: { "content-type": "text/plain" } },
    428,
    "precondition-required",
  ],
  ["no precondition on a DELETE", "DELETE", existing, {}, 428, "precondition-required"],
  ["If-Match: *", "PUT", existing, replace("*"), 400, "invalid-precondition"],
  ["a list in If-Match", "PUT", existing, replace(`:note, ${unknownTag}`), 400, "invalid-precondition"],
  ["an If-Match without quotes", "PUT", existing, replace("abc"), 400, "invalid-precondition"],
  ["a weak If-Match", "PUT", existing, replace("W/:note"), 412, "precondition-failed"],
  ["a stale If-Match", "PUT", existing, replace(unknownTag), 412, "precondition-failed"],
  ["a tag that no file can have", "PUT", existing, replace('"v1"'), 412, "precondition-failed"],
  ["If-Match for a file that is not there", "PUT", file, replace(unknownTag), 412, "precondition-failed"],
  [
    "a stale If-Match on a DELETE",
    "DELETE",
    existing,
    { headers: { "if-match": unknownTag } },
    412,
    "precondition-failed",
  ],
  ["If-None-Match: * for a file that is there", "PUT", existing, put({}), 412, "precondition-failed"],
  [
    "a tag in If-None-Match",
    "PUT",
    file,
    put({ headers: { "if-none-match": unknownTag } }),
    400,
    "invalid-precondition",
  ],
  ["both preconditions", "PUT", file, put({ headers: { "if-match": unknownTag } }), 400, "invalid-precondition"],
  ["If-None-Match on a DELETE", "DELETE", existing, { headers: { "if-none-match": "*" } }, 400, "invalid-precondition"],
  [
    "a status file that is not valid",
    "PUT",
    "/v1/patients/:patient/files/ehr_status.yaml",
    put({ body: "a: 1" }),
    422,
    "invalid-record",
  ],
  [
    "a change without precondition",
    "POST",
    changes,
    set({}, { put: "notes/n.md", content: "" }),
    428,
    "precondition-required",
  ],
  ["a delete without precondition", "POST", changes, set({}, { delete: "notes/a.md" }), 428, "precondition-required"],
  [
    "a stale expectedCommit",
    "POST",
    changes,
    set({ expectedCommit: "0".repeat(40) }, { put: "notes/n.md", content: "" }),
    412,
    "precondition-failed",
  ],
  [
    "a stale ifMatch in a change set",
    "POST",
    changes,
    set({}, { put: "notes/a.md", content: "", ifMatch: unknownTag }),
    412,
    "precondition-failed",
  ],
  [
    "a weak ifMatch in a change set",
    "POST",
    changes,
    set({}, { put: "notes/a.md", content: "", ifMatch: "W/:note" }),
    412,
    "precondition-failed",
  ],
  [
    "an ifMatch list in a change set",
    "POST",
    changes,
    set({}, { put: "notes/a.md", content: "", ifMatch: ":note,:note" }),
    400,
    "invalid-precondition",
  ],
  [
    "an unquoted ifMatch in a change set",
    "POST",
    changes,
    set({}, { delete: "notes/a.md", ifMatch: "0".repeat(40) }),
    400,
    "invalid-precondition",
  ],
  [
    "a path twice in a change set",
    "POST",
    changes,
    set({}, ...Array.from({ length: 2 }, () => ({ put: "notes/n.md", content: "", ifMatch: null }))),
    400,
    "invalid-request",
  ],
  [
    "101 changes",
    "POST",
    changes,
    set({}, ...Array.from({ length: 101 }, (_, n) => ({ put: `notes/${n}.md`, content: "", ifMatch: null }))),
    400,
    "invalid-request",
  ],
  ["no changes", "POST", changes, set({}), 400, "invalid-request"],
  [
    "a put and a delete in one",
    "POST",
    changes,
    set({}, { put: "notes/n.md", delete: "notes/a.md", content: "", ifMatch: null }),
    400,
    "invalid-request",
  ],
  [
    "a managed path in a change set",
    "POST",
    changes,
    set({}, { put: "demographics/patient.yaml", content: "", ifMatch: ":note" }),
    409,
    "managed-path",
  ],
  [
    "a path with .. in a change set",
    "POST",
    changes,
    set({}, { put: "notes/../x", content: "", ifMatch: null }),
    400,
    "invalid-path",
  ],
  ["a Prefer: wait of 26", "PUT", file, put({ headers: { prefer: "wait=26" } }), 400, "invalid-request"],
  [
    "a Prefer: wait that is no number",
    "PUT",
    file,
    put({ headers: { prefer: "respond-async, wait=soon" } }),
    400,
    "invalid-request",
  ],
  [
    "a negative wait on status",
    "GET",
    `/v1/operations/${randomUUID()}`,
    { headers: { prefer: "wait=-1" } },
    400,
    "invalid-request",
  ],
  ["a body over 256 KiB", "PUT", file, put({ body: "x".repeat(256 * 1024 + 1) }), 413, "payload-too-large"],
  ["a body over 256 KiB in UTF-8", "PUT", file, put({ body: "é".repeat(128 * 1024 + 1) }), 413, "payload-too-large"],
  ["bytes over 256 KiB", "PUT", file, put({ body: Buffer.alloc(256 * 1024 + 1, 0xff) }), 413, "payload-too-large"],
  ["a body that is not UTF-8", "PUT", file, put({ body: Buffer.from([0x61, 0xff]) }), 400, "invalid-request"],
  [
    "a media type of another kind",
    "PUT",
    file,
    put({ headers: { "content-type": "application/json" } }),
    415,
    "unsupported-media-type",
  ],
  [
    "another charset",
    "PUT",
    file,
    put({ headers: { "content-type": "text/plain; charset=latin1" } }),
    415,
    "unsupported-media-type",
  ],
  ["no media type", "PUT", file, { body: "x", headers: { "if-none-match": "*" } }, 415, "unsupported-media-type"],
  ["a compressed body", "PUT", file, put({ headers: { "content-encoding": "gzip" } }), 415, "unsupported-media-type"],
  [
    "JSON sent as text",
    "POST",
    "/v1/patients",
    { body: aPatientBody(), headers: { "content-type": "text/plain" } },
    415,
    "unsupported-media-type",
  ],
  ["an unknown field", "POST", "/v1/patients", { body: aPatientBody({ nickname: "x" }) }, 400, "invalid-request"],
  ["a wrong type", "POST", "/v1/patients", { body: aPatientBody({ birthDate: 1990 }) }, 400, "invalid-request"],
  [
    "an id in capitals",
    "POST",
    "/v1/patients",
    { body: aPatientBody({ id: randomUUID().toUpperCase() }) },
    400,
    "invalid-request",
  ],
  ["a query on a write", "PUT", `${file}?at=now`, put({}), 400, "invalid-request"],
  ["a patient's id that is no id", "PUT", "/v1/patients/1/files/notes/a.md", put({}), 404, "not-found"],
  [
    "a file of a managed folder",
    "PUT",
    "/v1/patients/:patient/files/vitals/2026/01/x.yaml",
    put({}),
    409,
    "managed-path",
  ],
  [
    "deleting the demographics",
    "DELETE",
    "/v1/patients/:patient/files/demographics/patient.yaml",
    { headers: { "if-match": unknownTag } },
    409,
    "managed-path",
  ],
  [
    "demographics that are not valid",
    "PUT",
    "/v1/patients/:patient/files/demographics/patient.yaml",
    replace(unknownTag, { body: "name: 1" }),
    422,
    "invalid-record",
  ],
  [
    "demographics with an alias",
    "PUT",
    "/v1/patients/:patient/files/demographics/patient.yaml",
    replace(unknownTag, { body: "a: &x [1]\nb: *x" }),
    422,
    "invalid-record",
  ],
  ["a name that differs in case only", "PUT", "/v1/patients/:patient/files/notes/A.md", put({}), 409, "path-conflict"],
  ["a file beneath a file", "PUT", "/v1/patients/:patient/files/notes/a.md/b.md", put({}), 409, "path-conflict"],
  ["a file where a folder is", "PUT", "/v1/patients/:patient/files/notes", put({}), 409, "managed-path"],
];

test.for(rules)("%s is refused, and nothing is stored", async (row) => {
  expect((await expectRefusal(row)).status).toBe(row[4]);
});

test("a patient's id that is taken is refused, and nothing is stored", async () => {
  const body = aPatientBody({ id: patient });
  const { json } = await expectRefusal(["", "POST", "/v1/patients", { body }, 409, "patient-exists"]);
  expect(json.detail).toContain(patient);
});

const paths = [
  "../x", "notes/../../x", "notes//x.md", "notes/./x", "notes/.git/config", "notes/.GIT/x", "notes/git~1/x", "notes/.gitmodules",
  "notes/%2e%2e/x", "notes/%00.md", "notes/a%2Fb.md", "notes/%ff.md", "notes/con.md", "notes/x.", "notes/x%20y", "notes/a\\b",
  "notes/.git%E2%80%8C", "notes/x%0Ay", "%2Fetc/passwd", `notes/${"x".repeat(260)}`, "notes/1/2/3/4/5/6/7/8/9", "notes/x/", "",
]; // prettier-ignore

test.for(paths)("the path %j is refused with 400", async (path) => {
  const url = `/v1/patients/:patient/files/${path}`;
  const { json } = await expectRefusal(["", "PUT", url, put({}), 400, "invalid-path"]);
  expect(json.detail).toMatch(/path/);
});

const either = "changes[0]: Invalid input: expected an object with either put and content, or delete";

test.for<[change: unknown, reason: string]>([
  [{ delete: "notes/a.md", ifMatch: null }, "changes[0].ifMatch: Invalid input: expected string, received null"],
  [
    { put: "notes/a.md", content: "", ifMatch: 1 },
    "changes[0].ifMatch: Invalid input: expected string, received number",
  ],
  [
    { put: "notes/a.md", content: 1, ifMatch: null },
    "changes[0].content: Invalid input: expected string, received number",
  ],
  [{ put: "notes/a.md", ifMatch: null }, "changes[0].content: Invalid input: expected string, received undefined"],
  [{ delete: "notes/a.md", content: "", ifMatch: ":note" }, "changes[0].content: is not a known field"],
  [{ put: "notes/a.md", content: "", delete: "notes/a.md" }, either],
  [{ ifMatch: null }, either],
  ["notes/a.md", either],
])("the change %j is refused with the field and the reason", async ([change, reason]) => {
  const { json } = await expectRefusal(["", "POST", changes, set({}, change as object), 400, "invalid-request"]);
  expect(json.detail).toBe(`The body is not valid: ${reason}`);
});

describe("a refusal", () => {
  test("names the unknown field", async () => {
    const { json } = await edge.call("POST", "/v1/patients", { body: aPatientBody({ nickname: "secret value" }) });
    expect(json.detail).toContain("nickname");
    expect(JSON.stringify(json)).not.toContain("secret value");
  });

  test("carries the current tag when a precondition fails", async () => {
    const { headers, json } = await edge.call("PUT", existing.replace(":patient", patient), replace(unknownTag));
    expect(headers["etag"]).toBe(note);
    expect(json).toMatchObject({ currentEtag: note, changedPaths: ["notes/a.md"] });
    expect(json).not.toHaveProperty("current");
  });

  test("tells which route writes a managed file", async () => {
    const body = { summary: "s", changes: [{ put: "ehr_status.yaml", content: "", ifMatch: null }] };
    const { json } = await edge.call("POST", changes.replace(":patient", patient), { body });
    expect(json.route).toBe("PUT /v1/patients/{id}/files/ehr_status.yaml");
  });

  test("of an unknown preference does not exist: RFC 7240 says to ignore it", async () => {
    const headers = { ...create, prefer: "handling=strict, wait=0, foo; bar=1" };
    const { status, headers: answered } = await edge.call("PUT", file.replace(":patient", patient), {
      headers,
      body: "x",
    });
    expect(status).toBe(202);
    expect(answered["preference-applied"]).toBe("wait=0");
    await edge.work();
  });
});

test("a method that a path does not take is 405 with Allow; an unknown path is 404", async () => {
  const { status, headers, json } = await edge.call("PATCH", `/v1/patients/${patient}`);
  expect({ status, allow: headers["allow"], code: json.code }).toEqual({
    status: 405,
    allow: "GET, HEAD",
    code: "method-not-allowed",
  });
  expect((await edge.call("OPTIONS", "/v1/patients")).headers["allow"]).toBe("POST, GET, HEAD");
  const nowhere = await edge.call("GET", "/nowhere");
  expect(nowhere).toMatchObject({ status: 404, json: { code: "not-found" } });
  for (const answer of [{ headers, json }, nowhere])
    expect(answer.json.instance).toBe(`urn:uuid:${answer.headers["x-request-id"]}`);
});
