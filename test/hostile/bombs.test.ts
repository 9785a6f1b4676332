import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bombs } from "../support/hostile-bombs.ts";
import { liveBytes } from "../support/held-memory.ts";
import { aHostileEdge, type HostileEdge } from "../support/hostile-edge.ts";
import { aPatient } from "../support/http-edge.ts";

let edge: HostileEdge;
let patient: string;
let token: string;
beforeAll(async () => {
  edge = await aHostileEdge();
  patient = await aPatient(edge);
  token = `Bearer ${await edge.token()}`;
});
afterAll(() => edge[Symbol.asyncDispose]());

/** Largest resident set of this process so far, bytes. */
const peak = (): number => process.resourceUsage().maxRSS * 1_024;

const all = bombs();
/** What the bombs stand for is many times as much. */
const mostMemory = 256 * 1024 * 1024;
/** What may still be held when all is over, compiled code among it. */
const mostHeld = 24 * 1024 * 1024;
const peakBefore = peak();
const heldBefore = await liveBytes();

test.for(all)("$title is refused, and nothing is stored", async ({ request, status, code }) => {
  const before = edge.written();
  const headers = request.headers.map(([name, value]) => [name, value.replace(":token", token)] as const);
  const target = request.target.replace(":patient", patient);
  const { answers, rest } = await edge.callBySocket({ ...request, target, headers });
  expect(rest.length).toBe(0);
  expect(answers.map((answer) => answer.status)).toEqual([status]);
  expect(JSON.parse(answers[0]!.body.toString("utf8"))).toMatchObject({ status, code });
  expect(edge.written()).toBe(before);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
});

test("the bombs took a bounded amount of memory", () => {
  expect(peak() - peakBefore).toBeLessThan(mostMemory);
});

/** Writes as long as the server takes it; gives what it took and what it said. */
const endless = async (head: string, chunk: Uint8Array) => {
  const socket = connect({ host: "127.0.0.1", port: edge.port });
  socket.on("error", () => undefined);
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  await once(socket, "connect");
  const read = edge.bytesRead();
  socket.write(head);
  while (!socket.destroyed && !text.endsWith("}")) await new Promise((sent) => socket.write(chunk, sent));
  // The answer is there; now the server reads on for a while, so that the client finds it.
  while (!socket.destroyed && socket.writable) await new Promise((sent) => socket.write(chunk, sent));
  return { text, taken: edge.bytesRead() - read };
};

const large = Buffer.alloc(64 * 1024, "x");
const inChunks = Buffer.concat([Buffer.from("10000\r\n"), large, Buffer.from("\r\n")]);
const lingerBytes = 8 * 1024 * 1024;

test.for<readonly [title: string, fields: string, chunk: Uint8Array, status: number]>([
  ["in chunks", "Transfer-Encoding: chunked\r\n", inChunks, 413],
  ["of a declared length of 9 GB", "Content-Length: 9000000000\r\n", large, 413],
  ["of chunks of one byte", "Transfer-Encoding: chunked\r\n", Buffer.from("1\r\nx\r\n".repeat(10_000)), 413],
])("a body without an end, %s, is cut off after a bounded number of bytes", async ([, fields, chunk, status]) => {
  const before = edge.written();
  const head = `POST /v1/patients HTTP/1.1\r\nHost: x\r\nAuthorization: ${token}\r\nContent-Type: application/json\r\n${fields}\r\n`;
  const { text, taken } = await endless(head, chunk);
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  // Six bytes carry one at worst; a socket's buffers hold a few hundred KB more.
  expect(taken).toBeLessThan(6 * 256 * 1024 + 6 * lingerBytes + 4 * 1024 * 1024);
  expect(edge.written()).toBe(before);
});

test("nothing of it is kept, and the service goes on", async () => {
  // The peak would tell nothing here: chunks of one byte make 200 MB of garbage before it is collected.
  await expect.poll(async () => (await liveBytes()) - heldBefore, { timeout: 20_000 }).toBeLessThan(mostHeld);
  expect((await fetch(`${edge.origin}/healthz`)).status).toBe(200);
  expect(edge.counts.throws).toBe(0);
  expect(edge.lines.filter(({ event }) => event !== "request")).toEqual([]);
});
