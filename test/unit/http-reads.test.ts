import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomUUID } from "node:crypto";
import { cursorFor } from "../../functions/http/cursor.ts";
import { aNote, anHttpEdge, aPatient, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
let patient: string;
let firstTag: string;
let created: string;
beforeAll(async () => {
  edge = await anHttpEdge();
  const identifiers = [{ system: "urn:example:mrn", value: "77" }];
  patient = await aPatient(edge, { name: { family: "Ó Súilleabháin", given: ["Sample"] }, identifiers });
  created = (await edge.call("GET", `/v1/patients/${patient}`)).json.commit;
  firstTag = await aNote(edge, patient);
  const replace = { headers: { "if-match": firstTag, "content-type": "text/plain" }, body: "second\n" };
  await edge.call("PUT", `/v1/patients/${patient}/files/notes/a.md`, replace);
  await edge.work();
});
afterAll(() => edge[Symbol.asyncDispose]());

const file = (): string => `/v1/patients/${patient}/files/notes/a.md`;

const statusOf = async (path: string) => (await edge.call("GET", `/v1/patients/${patient}/files/${path}`)).status;

describe("a record", () => {
  test("shows its version, demographics, files and what the caller may do", async () => {
    const { status, headers, json } = await edge.call("GET", `/v1/patients/${patient}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      id: patient,
      commits: 3,
      demographics: { name: { family: "Ó Súilleabháin" }, birthDate: "1990-04-02", sex: "female" },
      allowedCommands: ["UpdateDemographics", "SetEhrStatus", "PutFiles", "DeleteFiles"],
      clone: `http://127.0.0.1:8080/git/${patient}.git`,
    });
    expect(headers["etag"]).toBe(`"${json.commit}"`);
    const { items } = (await edge.call("GET", "/v1/patients")).json;
    expect(items[0]).toMatchObject({ id: patient, commit: json.commit, updatedAt: json.updatedAt });
    const paths = json.files.map(({ path }: { path: string }) => path);
    expect(paths).toEqual([".gitattributes", "demographics/patient.yaml", "ehr_status.yaml", "notes/a.md"]);
    expect(json.files[3]).toMatchObject({ size: 7 });
  });

  test("allows a reader nothing", async () => {
    const { json } = await edge.call("GET", `/v1/patients/${patient}`, {
      token: await edge.token({ scope: "record:read" }),
    });
    expect(json.allowedCommands).toEqual([]);
  });

  test("is the same behind a slash at the end, and answers HEAD", async () => {
    const { headers, json } = await edge.call("GET", `/v1/patients/${patient}`);
    expect(await edge.call("GET", `/v1/patients/${patient}/`)).toMatchObject({ status: 200, json });
    const head = await edge.call("HEAD", `/v1/patients/${patient}`);
    expect(head).toMatchObject({ status: 200, headers: { etag: headers["etag"] } });
    expect((await edge.call("GET", "/v1/patients/")).status).toBe(200);
    expect((await edge.call("GET", `${file()}/`)).status).toBe(404);
  });

  test("is 304 for the tag that the client has, in a list or weak too", async () => {
    const { headers } = await edge.call("GET", `/v1/patients/${patient}`);
    const tag = headers["etag"]!;
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
      const again = await edge.call("GET", `/v1/patients/${patient}`, { headers: { "if-none-match": known } });
      expect(again).toMatchObject({ status: 304, text: "", headers: { etag: tag } });
    }
  });

  test("is as it was at a commit or a time, and 404 before it was", async () => {
    const then = await edge.call("GET", `/v1/patients/${patient}?at=${created}`);
    expect(then.json).toMatchObject({ commit: created, commits: 1, allowedCommands: [] });
    const later = await edge.call("GET", `/v1/patients/${patient}?at=2999-01-01T00:00:00%2B01:00`);
    expect(later.json).toMatchObject({ commits: 3 });
    const detailAt = async (at: string, id = patient, token?: string) =>
      (await edge.call("GET", `/v1/patients/${id}?at=${at}`, token === undefined ? {} : { token })).json.detail;
    const stranger = await edge.token({ patients: [randomUUID()] });
    const unknown = "0".repeat(40);
    expect(await detailAt("2020-01-01T00:00:00Z")).toBe("This record did not exist at that time.");
    expect(await detailAt(unknown)).toBe("This record has no such commit.");
    expect(await detailAt(unknown, randomUUID())).toBe("There is no such patient.");
    expect(await detailAt(unknown, patient, stranger)).toBe("There is no such patient.");
    expect((await edge.call("GET", `${file()}?at=${unknown}`)).status).toBe(404);
  });
});

describe("a file", () => {
  test("is the bytes that were put, with its tag and media type", async () => {
    const { status, headers, text } = await edge.call("GET", file());
    expect({ status, text }).toEqual({ status: 200, text: "second\n" });
    expect(headers).toMatchObject({
      "content-type": "text/markdown; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect((await edge.call("GET", file(), { headers: { "if-none-match": headers["etag"]! } })).status).toBe(304);
  });

  test("keeps a byte order mark and every line ending", async () => {
    const body = "\ufeffa\r\nb\rc\n\u0000";
    const url = `/v1/patients/${patient}/files/notes/odd.txt`;
    await edge.call("PUT", url, { headers: { "if-none-match": "*", "content-type": "text/plain" }, body });
    await edge.work();
    expect((await edge.call("GET", url)).text).toBe(body);
  });

  test("is as it was before", async () => {
    const { items } = (await edge.call("GET", `/v1/patients/${patient}/commits`)).json;
    const at = items.at(-2).commit;
    const then = await edge.call("GET", `${file()}?at=${at}`);
    expect(then).toMatchObject({ status: 200, text: "first", headers: { etag: firstTag } });
    expect((await edge.call("GET", `${file()}?at=${created}`)).status).toBe(404);
  });

  test("that is not there, or is a folder, is 404", async () => {
    expect(await Promise.all(["notes/none.md", "notes", "", "..%2f"].map(statusOf))).toEqual([404, 404, 404, 400]);
  });
});

describe("the history", () => {
  test("is paged newest first, each commit once", async () => {
    const seen: string[] = [];
    let url: string | undefined = `/v1/patients/${patient}/commits?limit=1`;
    while (url !== undefined) {
      const { json, headers }: Awaited<ReturnType<HttpEdge["call"]>> = await edge.call("GET", url);
      expect(json.items).toHaveLength(1);
      expect(seen).not.toContain(json.items[0].commit);
      seen.push(json.items[0].commit);
      url = /^<(.*)>; rel="next"$/.exec(headers["link"] ?? "")?.[1];
      expect(url === undefined).toBe(json.next === undefined);
    }
    const { json } = await edge.call("GET", `/v1/patients/${patient}/commits`);
    expect(seen).toEqual(json.items.map(({ commit }: { commit: string }) => commit));
    expect(seen.at(-1)).toBe(created);
    expect(json.items[0].parents).toEqual([seen[1]]);
    expect(json.items.at(-1)).toMatchObject({
      command: "CreatePatient",
      author: { id: "user-1", name: "A Clinician" },
      summary: "Create the record",
    });
  });

  test("tells what a commit changed", async () => {
    const [, { commit }] = (await edge.call("GET", `/v1/patients/${patient}/commits`)).json.items;
    const { json, headers } = await edge.call("GET", `/v1/patients/${patient}/commits/${commit}`);
    expect(headers["etag"]).toBe(`"${commit}"`);
    expect(json.changes).toHaveLength(1);
    const [change] = json.changes;
    expect(change).toMatchObject({ path: "notes/a.md", change: "modified", etagBefore: firstTag, omitted: null });
    expect(change.diff).toContain("-first\n\\ No newline at end of file\n+second\n");
    for (const oid of ["0".repeat(40), "HEAD"])
      expect((await edge.call("GET", `/v1/patients/${patient}/commits/${oid}`)).status).toBe(404);
  });
});

describe("a list of patients", () => {
  test("finds by name without case and accents, by identifier and by date of birth", async () => {
    await aPatient(edge, { birthDate: "1950-01-01" });
    const found = async (body: object) =>
      (await edge.call("POST", "/v1/patients/search", { body })).json.items.map(({ id }: { id: string }) => id);
    expect(await found({ name: "o suil" })).toEqual([patient]);
    expect(await found({ identifier: { system: "urn:example:mrn", value: "77" } })).toEqual([patient]);
    expect(await found({ name: "o suil", birthDate: "1950-01-01" })).toEqual([]);
    expect(await found({ birthDate: "1950-01-01" })).toHaveLength(1);
    expect((await edge.call("POST", "/v1/patients/search", { body: {} })).status).toBe(400);
  });

  test("goes on where a page ended, and holds back what did not change since", async () => {
    const all = (await edge.call("GET", "/v1/patients")).json.items;
    const page = await edge.call("GET", "/v1/patients?limit=1");
    const rest = await edge.call("GET", /^<(.*)>/.exec(page.headers["link"]!)![1]!.replace("limit=1", "limit=100"));
    expect([...page.json.items, ...rest.json.items]).toEqual(all);
    expect((await edge.call("GET", "/v1/patients?updatedSince=2999-01-01T00:00:00Z")).json).toEqual({ items: [] });
  });
});

test.for<readonly [title: string, path: string, code: string]>([
  ["a limit of 0", "/v1/patients?limit=0", "invalid-request"],
  ["a limit of 101", "/v1/patients?limit=101", "invalid-request"],
  ["a limit twice", "/v1/patients?limit=1,2", "invalid-request"],
  ["an unknown parameter", "/v1/patients?name=Doe", "invalid-request"],
  ["a time without a zone", "/v1/patients?updatedSince=2026-01-01T00:00:00", "invalid-request"],
  ["a day that is none", "/v1/patients?updatedSince=2026-02-31T25:00:00Z", "invalid-request"],
  ["an `at` that is neither", "/v1/patients/:patient?at=yesterday", "invalid-request"],
  ["a state that is none", "/v1/operations?state=done", "invalid-request"],
  ["a patientId that is none", "/v1/operations?patientId=1", "invalid-request"],
  ["a cursor of garbage", "/v1/patients?cursor=garbage", "invalid-cursor"],
  ["an empty cursor", "/v1/patients?cursor=", "invalid-cursor"],
  ["a cursor of another list", "/v1/operations?cursor=:cursor", "invalid-cursor"],
  ["a cursor of other filters", "/v1/patients?updatedSince=2026-01-01T00:00:00Z&cursor=:cursor", "invalid-cursor"],
  ["a cursor of another patient", "/v1/patients/:patient/commits?cursor=:commits", "invalid-cursor"],
])("%s is 400", async ([, path, code]) => {
  const url = path
    .replace(":patient", patient)
    .replace(":cursor", cursorFor("patients {}", "1.x"))
    .replace(":commits", cursorFor(`commits ${randomUUID()}`, "1"));
  expect(await edge.call("GET", url)).toMatchObject({ status: 400, json: { code } });
});
