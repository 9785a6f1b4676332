import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gitFolder } from "../support/git-server.ts";
import { aHostileEdge, type HostileEdge } from "../support/hostile-edge.ts";
import { hostileNames, soundNames, type HostileName } from "../support/hostile-names.ts";
import { aNote, aPatient } from "../support/http-edge.ts";

let edge: HostileEdge;
let patient: string;
beforeAll(async () => {
  edge = await aHostileEdge();
  patient = await aPatient(edge);
  for (const path of ["notes/a.md", "notes/sub/x.md"]) await aNote(edge, patient, path);
});
afterAll(() => edge[Symbol.asyncDispose]());

const inUrl = ({ name, isRaw = false }: HostileName): string =>
  isRaw ? name : name.split("/").map(encodeURIComponent).join("/");

const text = { "content-type": "text/plain" };
const someTag = `"${"0".repeat(40)}"`;
/** For a title: ASCII alone, and not too much of it. */
const shown = ({ name }: HostileName): string => encodeURI(name.toWellFormed()).slice(0, 60);
const rows = hostileNames.map((hostile, n) => ({ ...hostile, title: `${n}: ${shown(hostile)}` }));

/** What came of it. */
const outcomeOf = async (send: () => ReturnType<HostileEdge["call"]>) => {
  const before = edge.written();
  const { status, json } = await send();
  return { status, code: json.code, stored: edge.written() - before };
};

const statusOf = { "invalid-path": 400, "managed-path": 409, "path-conflict": 409 } as const;

describe(`${hostileNames.length} hostile names`, () => {
  test("are many, and each is there once", () => {
    expect(hostileNames.length).toBeGreaterThanOrEqual(200);
    expect(new Set(hostileNames.map(({ name }) => name)).size).toBe(hostileNames.length);
  });

  test.for(rows)("$title is refused in a URL", async (hostile) => {
    const url = `/v1/patients/${patient}/files/${inUrl(hostile)}`;
    const put = { headers: { ...text, "if-none-match": "*" }, body: "x" };
    const refused = { status: statusOf[hostile.code], code: hostile.code, stored: 0 };
    expect(await outcomeOf(() => edge.call("PUT", url, put))).toEqual(refused);
    // Nothing is there to be deleted or read either, by whatever name.
    const deleted = await outcomeOf(() => edge.call("DELETE", url, { headers: { "if-match": someTag } }));
    expect(deleted.stored).toBe(0);
    expect([400, 409, 412]).toContain(deleted.status);
    const isServicesOwn = hostile.name === ".gitattributes";
    expect([400, isServicesOwn ? 200 : 404]).toContain((await edge.call("GET", url)).status);
  });

  test.for(rows)("$title is refused in a change set", async ({ name, code }) => {
    const changes = [
      { put: `notes/${randomUUID()}.md`, content: "x", ifMatch: null },
      { put: name, content: "x", ifMatch: null },
    ];
    const put = { body: { summary: "s", changes } };
    const refused = { status: statusOf[code], code, stored: 0 };
    expect(await outcomeOf(() => edge.call("POST", `/v1/patients/${patient}/changes`, put))).toEqual(refused);
  });
});

test("two names that differ in case only, or a file and a folder of one name, are refused in one change set", async () => {
  for (const [one, two] of [
    ["notes/new.md", "notes/NEW.md"],
    ["notes/New/x.md", "notes/new/y.md"],
    ["notes/n", "notes/n/x.md"],
    ["notes/N", "notes/n/x.md"],
  ]) {
    const changes = [one, two].map((put) => ({ put, content: "x", ifMatch: null }));
    const send = () => edge.call("POST", `/v1/patients/${patient}/changes`, { body: { summary: "s", changes } });
    expect(await outcomeOf(send)).toEqual({ status: 409, code: "path-conflict", stored: 0 });
  }
});

test("after all of them a clone passes fsck --strict and holds the sound names alone", async () => {
  const changes = soundNames.map((name) => ({ put: `notes/${name}`, content: name, ifMatch: null }));
  const body = { summary: "names that only look odd", changes };
  expect((await edge.call("POST", `/v1/patients/${patient}/changes`, { body })).status).toBe(202);
  await edge.work();
  await using client = await gitFolder();
  const header = `http.extraHeader=Authorization: Bearer ${await edge.token()}`;
  await client.git(
    "-c",
    header,
    "-c",
    "transfer.fsckObjects=true",
    "clone",
    "-q",
    `${edge.origin}/git/${patient}.git`,
    "r",
  );
  expect(await client.git("-C", "r", "fsck", "--strict", "--full", "--no-progress")).toBe("");
  const files = (await client.git("-C", "r", "ls-tree", "-r", "--name-only", "HEAD", "notes/")).trim().split("\n");
  expect(files.toSorted()).toEqual(["a.md", "sub/x.md", ...soundNames].map((name) => `notes/${name}`).toSorted());
  expect(await client.git("-C", "r", "status", "--porcelain")).toBe("");
});
