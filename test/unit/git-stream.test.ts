import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { expect, test } from "vitest";
import type { Log } from "../../functions/dependencies.ts";
import { git } from "../../functions/git.ts";
import type { StreamedResult } from "../../functions/streamed-result.ts";
import { streaming } from "../../infra/aws/streaming.ts";
import type { Engine } from "../../shared/ports.ts";
import { openSqlite } from "../support/engines.ts";
import { functionUrl } from "../support/function-url.ts";
import { gitFolder } from "../support/git-server.ts";
import { aVerifiedCaller, commitTo, dependenciesOn } from "../support/sqlite-record.ts";

/** What Lambda answers with at most when it does not stream (Lambda quotas). */
const mostBuffered = 6 * 1024 * 1024;

/** Counts what is read of a record. */
const counting = ({ heads, segments, ...engine }: Engine) => {
  const reads: string[] = [];
  const read: Engine["heads"]["read"] = (id) => (reads.push("head"), heads.read(id));
  const get: Engine["segments"]["get"] = (...args) => (reads.push("segment"), segments.get(...args));
  return { reads, engine: { ...engine, heads: { ...heads, read }, segments: { ...segments, get } } };
};

/** The git function on the embedded engine behind a function URL, with one patient of `notes`. */
const aCloneUrl = async (notes: Readonly<Record<string, string>> = { "notes/1.md": "First visit.\n" }) => {
  const sqlite = await openSqlite();
  const patientId = randomUUID();
  const commit = await commitTo(sqlite.engine, patientId, notes);
  const { engine, reads } = counting(sqlite.engine);
  const { deps, lines } = dependenciesOn(engine, { reader: aVerifiedCaller() });
  const served = await functionUrl(() => streaming(git(deps), deps.log));
  return {
    commit,
    reads,
    lines,
    types: served.types,
    url: `${served.url}/git/${patientId}.git`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await served[Symbol.asyncDispose]();
      await sqlite[Symbol.asyncDispose]();
    },
  };
};

const bearer = ["-c", "http.extraHeader=Authorization: Bearer reader"];

/** Behind a function URL, a handler that gives this answer. */
const answering = (answer: StreamedResult, log: Log = () => undefined) =>
  functionUrl(() => streaming(async () => answer, log));

test("stock git clones and fetches through a function URL", async () => {
  await using service = await aCloneUrl();
  await using client = await gitFolder();
  await client.git(...bearer, "clone", "-q", service.url, "r");
  expect(await client.git("-C", "r", "rev-parse", "HEAD")).toBe(`${service.commit}\n`);
  expect(await client.git("-C", "r", "fsck", "--strict")).toBe("");
  expect(new Set(service.types)).toEqual(new Set(["application/vnd.awslambda.http-integration-response"]));
});

test("a clone larger than Lambda's whole answers comes through, whole", async () => {
  const notes = Array.from({ length: 9 }, (_, n) => [`notes/${n}.md`, randomBytes(750_000).toString("base64")]);
  await using service = await aCloneUrl(Object.fromEntries(notes));
  await using client = await gitFolder();
  await client.git(...bearer, "-c", "transfer.fsckObjects=true", "clone", "-q", "--bare", service.url, "r");
  const counted = await client.git("-C", "r", "count-objects", "-v");
  expect(Number(/size-pack: (\d+)/.exec(counted)![1]) * 1024).toBeGreaterThan(mostBuffered);
  expect(await client.git("-C", "r", "fsck", "--strict")).toBe("");
  expect(await client.git("-C", "r", "rev-parse", "main")).toBe(`${service.commit}\n`);
});

test.for([
  ["no token", {}],
  ["a wrong token", { authorization: "Bearer stranger" }],
] as const)("%s is answered 401 before anything is read, and git may ask its user", async ([, headers]) => {
  await using service = await aCloneUrl();
  for (const [method, path] of [
    ["GET", "info/refs?service=git-upload-pack"],
    ["POST", "git-upload-pack"],
  ] as const) {
    const answer = await fetch(`${service.url}/${path}`, { method, headers });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringMatching(/^Basic .*Bearer/),
    ]);
    expect(await answer.json()).toMatchObject({ status: 401 });
  }
  expect(service.reads).toEqual([]);
});

test("what is not git's is a problem, with its status", async () => {
  await using service = await aCloneUrl();
  expect((await fetch(new URL("/nowhere", service.url))).status).toBe(404);
  expect((await fetch(`${service.url}/git-receive-pack`, { method: "POST" })).status).toBe(401);
});

test.for([
  ["a text", "gone\n"],
  ["bytes", Buffer.from([0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3])],
  ["nothing", ""],
] as const)("an answer of %s keeps its status and headers", async ([, body]) => {
  await using served = await answering({ statusCode: 410, headers: { "x-a": "b" }, body });
  const answer = await fetch(served.url);
  expect([answer.status, answer.headers.get("x-a")]).toEqual([410, "b"]);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(body));
});

test("an answer that breaks off is a broken transfer, told without the text of the error", async () => {
  const lines: unknown[] = [];
  const arrived = Promise.withResolvers<void>();
  const body = (async function* () {
    yield Buffer.from("half of ");
    await arrived.promise;
    throw new RangeError("text of a record");
  })();
  const log: Log = (level, event, fields) => void lines.push({ level, event, ...fields });
  await using served = await answering({ statusCode: 200, headers: {}, body }, log);
  const answer = await fetch(served.url);
  arrived.resolve();
  await expect(answer.text()).rejects.toThrow("terminated");
  const [thrown] = await served.ended();
  expect(lines).toMatchObject([{ level: "error", event: "unexpected-throw", error: "RangeError" }]);
  expect(JSON.stringify(lines) + String(thrown) + String((thrown as Error).cause)).not.toContain("text of a record");
});

test("a client that leaves a long answer closes what it is made from", async () => {
  const chunks = 4_000;
  let [made, closed] = [0, false];
  const body = (async function* () {
    try {
      for (; made < chunks; made += 1) yield Buffer.alloc(65_536);
    } finally {
      closed = true;
    }
  })();
  await using served = await answering({ statusCode: 200, headers: {}, body });
  const client = request(served.url).end();
  const [answer] = await once(client, "response");
  await once(answer, "readable");
  client.destroy();
  await served.ended();
  expect(closed).toBe(true);
  expect(made).toBeLessThan(chunks);
});
