import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import * as isomorphicGit from "isomorphic-git";
import http from "isomorphic-git/http/node";
import { expect, test } from "vitest";
import { git } from "../../functions/git.ts";
import { localServer } from "../../infra/local/server.ts";
import { flushPacket, linePacket } from "../../shared/git/pkt-line.ts";
import { aPatientId } from "../support/an-operation.ts";
import { openSqlite } from "../support/engines.ts";
import { gitFolder } from "../support/git-server.ts";
import { aVerifiedCaller, commitTo, dependenciesOn } from "../support/sqlite-record.ts";

/** The git function on the embedded engine behind the local server, with one patient of three commits. */
const aGitService = async () => {
  const sqlite = await openSqlite({ tailBytes: 1_000 });
  const { engine } = sqlite;
  const patientId = aPatientId();
  const commits: string[] = [];
  for (const n of [1, 2, 3]) commits.push(await commitTo(engine, patientId, { [`notes/${n}.md`]: `note ${n}\n` }));
  const { deps, lines } = dependenciesOn(engine, {
    reader: aVerifiedCaller(),
    "reader.of-one": aVerifiedCaller({ patients: new Set([patientId]) }),
    stranger: aVerifiedCaller({ patients: new Set([randomUUID()]) }),
    unscoped: aVerifiedCaller({ scopes: new Set(["operation:read"]) }),
  });
  const { server } = localServer({ entry: git(deps), log: deps.log, now: deps.now, bodyLimit: () => 1_000_000 });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    engine,
    patientId,
    commits,
    lines,
    origin,
    url: `${origin}/git/${patientId}.git`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await sqlite[Symbol.asyncDispose]();
    },
  };
};

const bearer = (token = "reader") => ({ authorization: `Bearer ${token}` });
const asked = "info/refs?service=git-upload-pack";
const requestHeaders = { ...bearer(), "content-type": "application/x-git-upload-pack-request" };
const post = (url: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/git-upload-pack`, { method: "POST", headers: { ...requestHeaders, ...headers }, body });
const lines = (...texts: readonly string[]): Buffer<ArrayBuffer> =>
  Buffer.concat([...texts.map(linePacket), flushPacket]);

test.for([0, 1, 2])("stock git clones with a bearer token in a header, protocol v%i", async (version) => {
  await using service = await aGitService();
  await using client = await gitFolder();
  const header = ["-c", "http.extraHeader=Authorization: Bearer reader", "-c", `protocol.version=${version}`];
  await client.git(...header, "clone", "-q", service.url, "r");
  expect((await client.git("-C", "r", "rev-list", "--reverse", "HEAD")).trim().split("\n")).toEqual(service.commits);
});

test("stock git clones with the token as password, after being asked for it", async () => {
  await using service = await aGitService();
  await using client = await gitFolder();
  await client.git("clone", "-q", service.url.replace("http://", "http://anyone:reader.of-one@"), "r");
  expect(await client.git("-C", "r", "rev-parse", "HEAD")).toBe(`${service.commits[2]}\n`);
  await expect(client.git("clone", "-q", service.url, "s")).rejects.toThrow(/could not read Username/);
});

test("isomorphic-git gives the token when it is asked for it", async () => {
  await using service = await aGitService();
  const info = await isomorphicGit.getRemoteInfo({
    http,
    url: service.url,
    onAuth: () => ({ username: "x", password: "reader" }),
  });
  expect(info.refs?.heads).toEqual({ main: service.commits[2] });
});

test("without a valid token the answer is 401 and offers both schemes", async () => {
  await using service = await aGitService();
  for (const headers of [{}, bearer("unknown"), { authorization: "Basic !" }, { authorization: "Digest x" }]) {
    const answer = await fetch(`${service.url}/${asked}`, { headers: new Headers(headers) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm="casenotes", Bearer realm="casenotes"/);
  }
});

test("a foreign patient, an unknown one and one without a commit get the same 404", async () => {
  await using service = await aGitService();
  const leased = aPatientId();
  await service.engine.heads.acquire(leased, "writer");
  const bodies = await Promise.all(
    [
      [service.patientId, "stranger"],
      [randomUUID(), "reader"],
      [leased, "reader"],
      ["not-a-uuid", "reader"],
    ].map(async ([patient, token]) => {
      const answer = await fetch(`${service.origin}/git/${patient}.git/${asked}`, { headers: bearer(token) });
      const { instance: _, ...problem } = (await answer.json()) as Record<string, unknown>;
      return { status: answer.status, problem };
    }),
  );
  expect(bodies[0]).toMatchObject({ status: 404, problem: { code: "not-found" } });
  for (const body of bodies) expect(body).toEqual(bodies[0]);
  expect((await post(`${service.origin}/git/${randomUUID()}.git`, lines("command=ls-refs"))).status).toBe(404);
});

test("a token without a scope for reading gets 403", async () => {
  await using service = await aGitService();
  const answer = await fetch(`${service.url}/${asked}`, { headers: bearer("unscoped") });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ code: "insufficient-scope" });
});

const asReader = ["-c", "http.extraHeader=Authorization: Bearer reader"];

test.for([0, 1, 2])("stock git tells who pushes that the record is read-only, protocol v%i", async (version) => {
  await using service = await aGitService();
  await using client = await gitFolder();
  const reading = [...asReader, "-c", `protocol.version=${version}`];
  await client.git(...reading, "clone", "-q", service.url, "r");
  await expect(client.git("-C", "r", ...reading, "push", "-q", "origin", "main:other")).rejects.toThrow(
    /remote: This record is read-only for git.* HTTP API/,
  );
});

test("stock git tells why it may not clone", async () => {
  await using service = await aGitService();
  await using client = await gitFolder();
  const url = `${service.origin}/git/${randomUUID()}.git`;
  await expect(client.git(...asReader, "clone", "-q", url, "r")).rejects.toThrow(/remote: There is no such patient/);
});

test("a push is refused as read-only at both of its steps, with a problem for who is not git", async () => {
  await using service = await aGitService();
  const push = (path: string, init: RequestInit, agent: string) =>
    fetch(`${service.url}/${path}`, { ...init, headers: { ...bearer(), "user-agent": agent } });
  for (const [path, init] of [
    ["info/refs?service=git-receive-pack", {}],
    ["git-receive-pack", { method: "POST" }],
  ] as const) {
    const toOthers = await push(path, init, "curl/8.0");
    expect(toOthers.status).toBe(403);
    expect(await toOthers.json()).toMatchObject({ code: "read-only-git" });
    const toGit = await push(path, init, "git/2.47.0");
    expect(toGit.status).toBe(403);
    expect(toGit.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await toGit.text()).toMatch(/^This record is read-only for git.*\n$/);
  }
});

test("info/refs without a service is 400: the dumb protocol is not spoken", async () => {
  await using service = await aGitService();
  expect((await fetch(`${service.url}/info/refs`, { headers: bearer() })).status).toBe(400);
});

test("a gzip body is understood, a broken one is 400, a bomb is 413 and a plain one too large as well", async () => {
  await using service = await aGitService();
  const gzip = { "content-encoding": "gzip", "git-protocol": "version=2" };
  const good = await post(service.url, gzipSync(lines("command=ls-refs")), gzip);
  expect(await good.text()).toContain(`${service.commits[2]} refs/heads/main`);
  expect((await post(service.url, Buffer.from("not gzip"), gzip)).status).toBe(400);
  const bomb = await post(service.url, gzipSync(Buffer.alloc(50_000_000)), gzip);
  expect(bomb.status).toBe(413);
  expect((await post(service.url, Buffer.alloc(1_000_001, "a"))).status).toBe(413);
});

test("other media types and encodings are 415, and bodies that are no pkt-lines 400", async () => {
  await using service = await aGitService();
  expect((await post(service.url, lines("done"), { "content-type": "text/plain" })).status).toBe(415);
  expect((await post(service.url, lines("done"), { "content-encoding": "br" })).status).toBe(415);
  expect((await post(service.url, Buffer.from("hello"))).status).toBe(400);
  expect((await post(service.url, Buffer.from([0xff, 0xfe, 0]))).status).toBe(400);
});

test("a clone's answer is a stream of its own media type and cached by nobody", async () => {
  await using service = await aGitService();
  const answer = await post(service.url, lines(`want ${service.commits[0]} side-band-64k`, "done"));
  expect(answer.headers.get("content-type")).toBe("application/x-git-upload-pack-result");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("content-length")).toBeNull();
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(0, 8)
      .toString(),
  ).toBe("0008NAK\n");
});

test("the log tells route and status, never the token or the patient's address", async () => {
  await using service = await aGitService();
  await fetch(`${service.url}/${asked}`, { headers: bearer() });
  const line = service.lines.find(({ event }) => event === "request");
  expect(line?.fields).toMatchObject({ route: "GET /git/{patientId}.git/info/refs", status: 200 });
  expect(JSON.stringify(service.lines)).not.toMatch(new RegExp(`reader|${service.patientId}`));
});
