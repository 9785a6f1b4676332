import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routeDocs } from "../../functions/http/route-docs.ts";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { routes } from "../../functions/routes.ts";
import { Fault } from "../../shared/errors.ts";
import { aNote, anHttpEdge, aPatient, aPatientBody, type Call, type HttpEdge } from "../support/http-edge.ts";

/** Statuses that were answered, by route. */
const observed = new Map<string, Set<number>>();

let edge: HttpEdge;
let broken: HttpEdge;
let faulty: HttpEdge;
let patient: string;
let tag: string;
let commit: string;

/** Makes every port of an edge's engine throw. */
const failing = async (thrown: () => Error): Promise<HttpEdge> => {
  const made = await anHttpEdge();
  const fail = async (): Promise<never> => {
    throw thrown();
  };
  const { heads, operations, intake, payloads, segments, summaries } = made.deps.engine;
  for (const port of [heads, operations, intake, payloads, segments, summaries])
    for (const name of Object.keys(port)) Object.assign(port, { [name]: fail });
  Object.assign(made.deps.engine, { ping: fail });
  return made;
};

beforeAll(async () => {
  edge = await anHttpEdge();
  broken = await failing(() => new Error("a defect"));
  faulty = await failing(() => new Fault("transient", "throttled"));
  patient = await aPatient(edge);
  tag = await aNote(edge, patient);
  ({ commit } = (await edge.call("GET", `/v1/patients/${patient}`)).json);
});
afterAll(async () => {
  for (const one of [edge, broken, faulty]) await one[Symbol.asyncDispose]();
});

type Key = keyof typeof routeDocs;

interface Sample extends Call {
  /** Takes the place of the route's path, or is added to it when it begins with `?`. */
  readonly path?: string;
}

const text = { "content-type": "text/plain" };
const create = { ...text, "if-none-match": "*" };
const big = "x".repeat(256 * 1024 + 1);
const stale = `"${"0".repeat(40)}"`;
const fresh = () => `/v1/patients/${patient}/files/notes/${randomUUID()}.md`;
const elsewhere = () => `/v1/patients/${randomUUID()}`;

const changing = (over: object) => ({
  body: { summary: "s", changes: [{ put: "notes/x.md", content: "x", ...over }] },
});

/** An operation that was set aside. */
const parked = async (): Promise<string> => {
  const { id } = (await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json;
  await edge.deps.engine.operations.park(parkedOutcome({ operationId: id, attempt: 1 }, "tries", Date.now()));
  return id;
};

type Driven = readonly Sample[] | Promise<readonly Sample[]>;

/** An ordinary request of each route comes first: what fails generally is made from it. */
const samples: Readonly<Record<Key, () => Driven>> = {
  "POST /v1/patients": async () => [
    { body: aPatientBody() },
    { body: aPatientBody(), key: "created", headers: { prefer: "wait=0" } },
    { body: aPatientBody({ id: patient }) },
    { body: aPatientBody({ sex: "other" }), key: "created" },
    { body: aPatientBody({ id: randomUUID() }), token: await edge.token({ patients: [randomUUID()] }) },
  ],
  "GET /v1/patients": () => [{}],
  "POST /v1/patients/search": () => [{ body: { name: "doe" } }],
  "GET /v1/patients/{patientId}": () => [{}, { headers: { "if-none-match": `"${commit}"` } }, { path: elsewhere() }],
  "GET /v1/patients/{patientId}/files/{proxy+}": () => [
    {},
    { headers: { "if-none-match": tag } },
    { path: `/v1/patients/${patient}/files/notes/none.md` },
  ],
  "PUT /v1/patients/{patientId}/files/{proxy+}": () => [
    { path: fresh(), headers: create, body: "x" },
    { headers: { ...text, "if-match": stale }, body: "x" },
    { headers: text, body: "x" },
    { path: `${elsewhere()}/files/notes/a.md`, headers: create, body: "x" },
    { path: `/v1/patients/${patient}/files/vitals/a.md`, headers: create, body: "x" },
    {
      path: `/v1/patients/${patient}/files/ehr_status.yaml`,
      headers: { "if-match": stale, "content-type": "application/yaml" },
      body: "a: 1",
    },
  ],
  "DELETE /v1/patients/{patientId}/files/{proxy+}": () => [
    { headers: { "if-match": tag } },
    { headers: { "if-match": stale } },
    {},
    { path: `${elsewhere()}/files/notes/a.md`, headers: { "if-match": tag } },
    { path: `/v1/patients/${patient}/files/vitals/a.md`, headers: { "if-match": tag } },
    { headers: { "if-match": tag, "content-encoding": "gzip" } },
  ],
  "POST /v1/patients/{patientId}/changes": () => [
    changing({ ifMatch: null, put: `notes/${randomUUID()}.md` }),
    changing({ put: "notes/a.md", ifMatch: stale }),
    changing({}),
    changing({ put: "vitals/a.md", ifMatch: null }),
    { ...changing({ ifMatch: null }), path: `${elsewhere()}/changes` },
  ],
  "GET /v1/patients/{patientId}/commits": () => [{}, { path: `${elsewhere()}/commits` }],
  "GET /v1/patients/{patientId}/commits/{oid}": () => [
    {},
    { headers: { "if-none-match": `"${commit}"` } },
    { path: `/v1/patients/${patient}/commits/${"0".repeat(40)}` },
  ],
  "GET /v1/operations": async () => [
    {},
    { path: `?patientId=${patient}`, token: await edge.token({ patients: [randomUUID()] }) },
  ],
  "GET /v1/operations/{operationId}": async () => [
    { path: `/v1/operations/${await parked()}` },
    { path: `/v1/operations/${await parked()}`, headers: { "if-none-match": '"2"' } },
    { path: `/v1/operations/${randomUUID()}` },
  ],
  "POST /v1/operations/redrive": () => [{ body: { patientId: patient } }, { body: { patientId: randomUUID() } }],
  "POST /v1/operations/{operationId}/redrive": async () => [
    { path: `/v1/operations/${await parked()}/redrive` },
    { path: `/v1/operations/${(await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json.id}/redrive` },
    { path: `/v1/operations/${randomUUID()}/redrive` },
  ],
  "POST /v1/operations/{operationId}/dismiss": async () => [
    { path: `/v1/operations/${await parked()}/dismiss`, body: { reason: "r" } },
    {
      path: `/v1/operations/${(await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json.id}/dismiss`,
      body: { reason: "r" },
    },
    { path: `/v1/operations/${randomUUID()}/dismiss`, body: { reason: "r" } },
  ],
  "GET /git/{patientId}.git/info/refs": () => [
    { path: "?service=git-upload-pack" },
    { path: `/git/${randomUUID()}.git/info/refs?service=git-upload-pack` },
    { path: `/git/${patient}.git/info/refs?service=git-frotz` },
  ],
  "POST /git/{patientId}.git/git-upload-pack": () => [
    {
      body: Buffer.from(`0032want ${commit}\n00000009done\n`),
      headers: { "content-type": "application/x-git-upload-pack-request" },
    },
    {
      path: `/git/${randomUUID()}.git/git-upload-pack`,
      body: Buffer.from("0000"),
      headers: { "content-type": "application/x-git-upload-pack-request" },
    },
    { body: Buffer.alloc(1_000_001), headers: { "content-type": "application/x-git-upload-pack-request" } },
  ],
  "POST /git/{patientId}.git/git-receive-pack": async () => [
    {},
    { token: await edge.token({ patients: [randomUUID()] }) },
  ],
  "GET /healthz": () => [{}],
  "GET /openapi.json": () => [{}],
  "GET /docs": () => [{}],
  "GET /.well-known/allowed-signers": () => [{}],
};

const pathOf = (template: string, { path }: Sample): string => {
  const ordinary = template
    .replace("{patientId}", patient)
    .replace("{proxy+}", "notes/a.md")
    .replace("{oid}", commit)
    .replace("{operationId}", randomUUID());
  if (path === undefined) return ordinary;
  return path.startsWith("?") ? ordinary + path : path;
};

/** Sends a sample to an edge and notes the status. */
const drive = async (key: Key, sample: Sample, to: HttpEdge = edge): Promise<number> => {
  const [method = "", template = ""] = key.split(" ");
  const { path: _path, ...call } = sample;
  const { status } = await to.call(method, pathOf(template, sample), call);
  observed.set(key, (observed.get(key) ?? new Set()).add(status));
  return status;
};

/** What any route may be asked wrongly. */
const generally = async (key: Key, ordinary: Sample): Promise<void> => {
  const [, template = ""] = key.split(" ");
  const path = pathOf(template, ordinary);
  await drive(key, { ...ordinary, path: `${path}${path.includes("?") ? "&" : "?"}unknown=1` });
  await drive(key, { ...ordinary, token: null });
  await drive(key, { ...ordinary, token: await edge.token({ scope: "ops:read" }) });
  if (!key.startsWith("GET")) {
    const type = typeof ordinary.body === "object" ? { "content-type": "application/json" } : {};
    await drive(key, { ...ordinary, headers: { ...type, ...ordinary.headers }, body: big });
    await drive(key, { ...ordinary, headers: { ...ordinary.headers, "content-type": "image/png" }, body: "x" });
  }
  for (const one of [broken, faulty]) await drive(key, { ...ordinary, token: await one.token() }, one);
};

type Write = readonly [Key, Sample];

/** The same writes before and after they are committed, and a key that is used again for another request. */
const settledWrites = async (): Promise<void> => {
  const path = fresh();
  const put = "PUT /v1/patients/{patientId}/files/{proxy+}";
  const remove = "DELETE /v1/patients/{patientId}/files/{proxy+}";
  const changes = "POST /v1/patients/{patientId}/changes";
  await edge.work();
  const replaced = fresh();
  await edge.call("PUT", replaced, { headers: create, body: "first" });
  await edge.work();
  const now = (await edge.call("GET", replaced)).headers["etag"]!;
  const writes: readonly Write[] = [
    ["POST /v1/patients", { body: aPatientBody(), key: "s1" }],
    [put, { path, headers: create, body: "x", key: "s2" }],
    [put, { path: replaced, headers: { ...text, "if-match": now }, body: "replaced", key: "s3" }],
    [changes, { ...changing({ ifMatch: null, put: `notes/${randomUUID()}.md` }), key: "s4" }],
  ];
  for (const [key, sample] of writes) await drive(key, sample);
  await edge.work();
  for (const [key, sample] of writes) await drive(key, sample);
  const gone: Sample = { path, headers: { "if-match": (await edge.call("GET", path)).headers["etag"]! }, key: "s5" };
  await drive(remove, gone);
  await edge.work();
  await drive(remove, gone);
  await drive(remove, { ...gone, path: replaced });
  await drive(changes, { ...changing({ ifMatch: null, put: "notes/other.md" }), key: "s4" });
};

/** Writes to a patient that has as many open operations as it may. */
const crowded = async (): Promise<void> => {
  await using full = await anHttpEdge({ openPerPatient: 1 });
  const token = await full.token();
  const id = randomUUID();
  await full.call("POST", "/v1/patients", { body: aPatientBody({ id }) });
  const file = `/v1/patients/${id}/files/notes/a.md`;
  const writes: readonly Write[] = [
    ["POST /v1/patients", { body: aPatientBody({ id }) }],
    ["PUT /v1/patients/{patientId}/files/{proxy+}", { path: file, headers: create, body: "x" }],
    ["DELETE /v1/patients/{patientId}/files/{proxy+}", { path: file, headers: { "if-match": stale } }],
    ["POST /v1/patients/{patientId}/changes", { ...changing({ ifMatch: null }), path: `/v1/patients/${id}/changes` }],
  ];
  for (const [key, sample] of writes) await drive(key, { ...sample, token }, full);
};

test("every status that the contract declares for a route is answered by it, and no other", async () => {
  for (const { method, path } of routes) {
    const key = `${method} ${path}` as Key;
    const [ordinary = {}, ...others] = await samples[key]();
    await drive(key, ordinary);
    for (const sample of others) await drive(key, sample);
    await generally(key, ordinary);
  }
  await settledWrites();
  await crowded();
  for (const { method, path } of routes) {
    const key = `${method} ${path}` as Key;
    const { success, problems } = routeDocs[key];
    const declared = [...Object.keys(success).map(Number), ...problems].toSorted((a, b) => a - b);
    const answered = [...(observed.get(key) ?? [])].toSorted((a, b) => a - b);
    expect.soft(answered, key).toEqual(declared);
  }
});
