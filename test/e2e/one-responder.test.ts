import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WaitingServerReport } from "../support/waiting-server.ts";

let child: ChildProcess;
let port: number;

beforeAll(async () => {
  child = fork(fileURLToPath(new URL("../support/waiting-server.ts", import.meta.url)));
  [{ port }] = (await once(child, "message")) as [AddressInfo];
});

afterAll(async () => {
  child.disconnect();
  await once(child, "exit");
});

const report = async (): Promise<WaitingServerReport> => {
  const told = once(child, "message");
  child.send("report");
  const [counts] = (await told) as [WaitingServerReport];
  return counts;
};

/** Of what the server is to report in the end, however busy the machine is; the failure has what it reports instead. */
const soon = { timeout: 20_000, interval: 10 };

const open = async (): Promise<Socket> => {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

/** Everything the server sends until it closes, or until `enough`. */
const received = (socket: Socket, enough: (text: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (enough(text)) resolve(text);
    });
    socket.on("close", () => resolve(text));
  });

const waited = (text: string) => text.endsWith("waited");

const echo = async (body: Uint8Array) => {
  const response = await fetch(`http://127.0.0.1:${port}/echo?a=1&a=2`, { method: "PUT", body: Buffer.from(body) });
  return (await response.json()) as { body: string; isBase64Encoded: boolean; rawQueryString: string };
};

const leave = { fin: (socket: Socket) => socket.end(), rst: (socket: Socket) => socket.resetAndDestroy() };

describe("a client that leaves", () => {
  test.for(["fin", "rst"] as const)("with %s while it waits is noticed, and its wait ends", async (how) => {
    const before = await report();
    const socket = await open();
    socket.write(get("/held"));
    await expect.poll(report, soon).toMatchObject({ waiting: 1 });
    leave[how](socket);
    await expect
      .poll(report, soon)
      .toMatchObject({ waiting: 0, gone: before.gone + 1, throws: before.throws, answered: before.answered });
    socket.destroy();
  });

  test.for(["fin", "rst"] as const)("with %s in the middle of its body is a normal event", async (how) => {
    const before = await report();
    const socket = await open();
    socket.write("POST /wait HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
    await expect.poll(report, soon).toMatchObject({ requests: before.requests + 1 });
    leave[how](socket);
    await expect.poll(report, soon).toMatchObject({ gone: before.gone + 1, throws: before.throws });
    socket.destroy();
  });

  test("with pipelined requests ends the waits of all of them", async () => {
    const before = await report();
    const socket = await open();
    socket.write(get("/held") + get("/held") + get("/held"));
    await expect.poll(report, soon).toMatchObject({ waiting: 3 });
    socket.resetAndDestroy();
    await expect
      .poll(report, soon)
      .toMatchObject({ waiting: 0, gone: before.gone + 3, throws: before.throws, answered: before.answered });
  });

  test("while a stream is written stops the stream", async () => {
    const before = await report();
    const socket = await open();
    socket.write(get("/stream"));
    await once(socket, "data");
    socket.pause();
    socket.resetAndDestroy();
    await expect
      .poll(report, soon)
      .toMatchObject({ streamsReturned: before.streamsReturned + 1, throws: before.throws });
    expect((await report()).chunksMade - before.chunksMade).toBeLessThan(5_000);
  });

  test("in a crowd of 150 leaves 150 others served, without a throw", async () => {
    const before = await report();
    const sockets = await Promise.all(Array.from({ length: 300 }, open));
    const leaving = sockets.filter((_, index) => index % 2 === 0);
    const staying = sockets.filter((_, index) => index % 2 === 1);
    const answers = staying.map((socket) => received(socket, waited));
    for (const socket of sockets) socket.write(get("/held"));
    await expect.poll(report, soon).toMatchObject({ waiting: 300 });
    for (const [index, socket] of leaving.entries()) leave[index % 4 < 2 ? "fin" : "rst"](socket);
    await expect.poll(report, soon).toMatchObject({ waiting: 150, gone: before.gone + 150, answered: before.answered });
    child.send("release");
    const texts = await Promise.all(answers);
    expect(texts.filter((text) => text.startsWith("HTTP/1.1 200 ")).length).toBe(150);
    await expect.poll(report, soon).toMatchObject({
      waiting: 0,
      gone: before.gone + 150,
      answered: before.answered + 150,
      throws: before.throws,
    });
    for (const socket of sockets) socket.destroy();
  });
});

describe("one answer", () => {
  test("is sent for each of three pipelined requests, in order", async () => {
    const socket = await open();
    const all = received(socket, (text) => text.split("HTTP/1.1 200").length === 4 && text.endsWith("}"));
    socket.write(get("/wait") + get("/echo?n=1") + get("/echo?n=2"));
    const text = await all;
    expect(text.indexOf("waited")).toBeLessThan(text.indexOf("n=1"));
    expect(text.indexOf("n=1")).toBeLessThan(text.indexOf("n=2"));
    socket.destroy();
  });

  test("of a handler that throws is a problem without its text, and the throw is counted", async () => {
    const before = await report();
    const socket = await open();
    const text = received(socket, (seen) => seen.includes("internal-error"));
    socket.write(get("/throws"));
    expect(await text).toMatch(/^HTTP\/1.1 500 /);
    expect(await text).not.toContain("unexpected");
    expect((await report()).throws - before.throws).toBe(1);
    socket.destroy();
  });

  test("whose stream breaks is cut off, not ended well", async () => {
    const socket = await open();
    const text = received(socket);
    socket.write(get("/breaking"));
    expect(await text).not.toContain("0\r\n\r\n");
    expect(await text).toMatch(/^HTTP\/1.1 200 /);
  });
});

/** A problem of the server's own: the request's id in the header and in the body are one. */
const expectProblem = (answer: string): void => {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toContain("application/problem+json");
  const [, requestId] = /x-request-id: ([0-9a-f-]{36})/i.exec(head) ?? [];
  expect(JSON.parse(body)).toMatchObject({ code: expect.any(String), instance: `urn:uuid:${requestId}` });
};

test("an answer without a body by its status has no length either", async () => {
  const socket = await open();
  const text = received(socket, (seen) => seen.includes("n=1"));
  socket.write(get("/unchanged") + get("/echo?n=1"));
  const [unchanged = ""] = (await text).split("\r\n\r\n");
  expect(unchanged).toMatch(/^HTTP\/1.1 304 /);
  expect(unchanged).not.toMatch(/content-length/i);
  socket.destroy();
});

test("a client that never ends its head is told so and let go", async () => {
  const socket = await open();
  const text = received(socket);
  socket.write("GET /echo HTTP/1.1\r\nhost: x\r\n");
  expect(await text).toMatch(/^HTTP\/1.1 408 /);
});

test("a body as large as may be is read, of a declared length or not", async () => {
  const body = "x".repeat(1_000);
  for (const framing of [
    `content-length: 1000\r\n\r\n${body}`,
    `transfer-encoding: chunked\r\n\r\n3e8\r\n${body}\r\n0\r\n\r\n`,
  ]) {
    const socket = await open();
    const text = received(socket, (seen) => seen.endsWith("}"));
    socket.write(`PUT /echo HTTP/1.1\r\nhost: x\r\n${framing}`);
    expect(await text).toMatch(/^HTTP\/1.1 200 /);
    expect(await text).toContain(body);
    socket.destroy();
  }
});

describe("a body that is too large", () => {
  test("is refused by its declared length before it is sent", async () => {
    const socket = await open();
    const text = received(socket);
    const answered = once(socket, "data");
    socket.write("PUT /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n");
    await answered;
    socket.end();
    expect(await text).toMatch(/^HTTP\/1.1 413 /);
    expect(await text).toContain("connection: close");
    expectProblem(await text);
    expect(await text).toContain("payload-too-large");
  });

  test("is refused while it is read when no length was declared, and the client sees it while still sending", async () => {
    const socket = await open();
    const text = received(socket, (seen) => seen.endsWith("}"));
    socket.write("PUT /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = `1000\r\n${"x".repeat(4_096)}\r\n`;
    for (let sent = 0; sent < 100; sent += 1) socket.write(chunk);
    expect(await text).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  test("is refused so that a client which reads only after sending all of it still finds the answer", async () => {
    const socket = connect({ host: "127.0.0.1", port });
    // Paused before it is connected, the socket leaves what comes in the kernel, where a reset would discard it.
    socket.pause().on("error", () => {});
    await once(socket, "connect");
    const text = received(socket);
    const before = await report();
    socket.write("PUT /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 400000\r\n\r\n");
    await expect.poll(report, soon).toMatchObject({ requests: before.requests + 1 });
    // It is refused by now, and sends all the same.
    for (let sent = 0; sent < 4; sent += 1) socket.write("x".repeat(100_000));
    // Closed by the server, well or with a reset, before anything is read.
    const { localPort } = socket;
    await expect.poll(async () => (await report()).open, soon).not.toContain(localPort);
    socket.resume();
    expect(await text).toMatch(/^HTTP\/1.1 413 /);
  });

  test("is never asked for when the client waits for 100 Continue", async () => {
    const socket = await open();
    const text = received(socket, (seen) => seen.includes("payload-too-large"));
    socket.write("PUT /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5000\r\n\r\n");
    expect(await text).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });
});

describe("a request", () => {
  test.for([
    ["is not HTTP", "NONSENSE\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "has a broken chunk",
      "PUT /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      /^HTTP\/1.1 400 /,
    ],
    [
      "has two lengths",
      "PUT /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    [
      "has a head of more than 16 KiB",
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1.1 431 /,
    ],
    ["has no host", "GET /echo HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400 /],
    ["has two hosts", "GET /echo HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "expects what cannot be met",
      "PUT /echo HTTP/1.1\r\nhost: x\r\nexpect: 200-foo\r\ncontent-length: 1\r\n\r\nx",
      /^HTTP\/1.1 417 /,
    ],
    ["asks for a tunnel", "CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n", /^HTTP\/1.1 405 [\s\S]*allow: GET/],
  ] as const)("that %s is answered with a problem", async ([, request, status]) => {
    const socket = await open();
    const text = received(socket);
    socket.write(request);
    expect(await text).toMatch(status);
    expectProblem(await text);
  });

  test("that meets a defect of a function is answered with a problem", async () => {
    const socket = await open();
    const text = received(socket);
    socket.end(get("/throws"));
    expect(await text).toMatch(/^HTTP\/1.1 500 /);
    expectProblem(await text);
  });

  test("followed by nonsense gets its own answer, and nothing is mixed into it", async () => {
    const socket = await open();
    const text = received(socket);
    socket.write(`${get("/wait")}NONSENSE\r\n\r\n`);
    expect(await text).toMatch(/^HTTP\/1.1 200 [\s\S]*waited$/);
  });

  test("of HTTP/1.0 needs no host, and its expectation is ignored", async () => {
    const socket = await open();
    const text = received(socket);
    socket.write("PUT /echo HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx");
    expect(await text).toMatch(/^HTTP\/1.1 200 /);
  });

  test("followed by CONNECT gets its own answer, and then the connection ends", async () => {
    const socket = await open();
    const text = received(socket);
    socket.write(`${get("/wait")}CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(await text).toMatch(/^HTTP\/1.1 200 [\s\S]*waited$/);
  });

  test("with a body of text reaches the function as text, other bytes as base64", async () => {
    expect(await echo(Buffer.from("\u{feff}Größe"))).toMatchObject({ body: "\u{feff}Größe", isBase64Encoded: false });
    expect(await echo(Buffer.from([0xc3, 0x28]))).toMatchObject({ body: "wyg=", isBase64Encoded: true });
    expect(await echo(Buffer.from("x"))).toMatchObject({ rawQueryString: "a=1&a=2" });
  });
});
