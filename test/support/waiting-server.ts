import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer, type Entry } from "../../infra/local/server.ts";

/** Run as a child: the local server before handlers that wait, stream or fail; tells its counts when asked. */
export interface WaitingServerReport {
  readonly answered: number;
  readonly gone: number;
  readonly throws: number;
  /** Requests whose heads were read. */
  readonly requests: number;
  /** Waits under way; a wait takes a second, one on /held lasts until `release`. */
  readonly waiting: number;
  /** The clients' ports of the connections that are open. */
  readonly open: readonly number[];
  /** Streams that were told to stop. */
  readonly streamsReturned: number;
  readonly chunksMade: number;
}

const report = { requests: 0, waiting: 0, streamsReturned: 0, chunksMade: 0 };
const open = new Set<number>();
let release = Promise.withResolvers<void>();

const wait: Entry = async (_event, { signal }) => {
  if (signal === undefined) throw new Error("the invocation has no signal");
  report.waiting += 1;
  for (let read = 0; read < 20 && !signal.aborted; read += 1)
    await sleep(50, undefined, { signal }).catch(() => undefined);
  report.waiting -= 1;
  return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "waited" };
};

const hold: Entry = async (_event, { signal }) => {
  if (signal === undefined) throw new Error("the invocation has no signal");
  report.waiting += 1;
  const left = signal.aborted ? Promise.resolve() : once(signal, "abort");
  await Promise.race([left, release.promise]);
  report.waiting -= 1;
  return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "waited" };
};

const chunks = async function* () {
  try {
    for (let made = 0; made < 20_000; made += 1) {
      report.chunksMade += 1;
      yield new Uint8Array(16_384);
    }
  } finally {
    report.streamsReturned += 1;
  }
};

const breaking = async function* () {
  yield new Uint8Array(10);
  await sleep(10);
  throw new Error("the source broke");
};

const handlers: Readonly<Record<string, Entry>> = {
  "/wait": wait,
  "/held": hold,
  "/stream": () => Promise.resolve({ statusCode: 200, headers: {}, body: chunks() }),
  "/breaking": () => Promise.resolve({ statusCode: 200, headers: {}, body: breaking() }),
  "/unchanged": () => Promise.resolve({ statusCode: 304, headers: { etag: '"a"' }, body: "" }),
  "/throws": () => Promise.reject(new Error("unexpected")),
  "/echo": ({ body, isBase64Encoded, rawQueryString, headers }) =>
    Promise.resolve({
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ body, isBase64Encoded, rawQueryString, headers }),
    }),
};

const local = localServer({
  entry: (event, invocation) => (handlers[event.rawPath] ?? wait)(event, invocation),
  log: () => {},
  now: Date.now,
  bodyLimit: () => 1_000,
});
local.server.on("request", () => (report.requests += 1));
local.server.on("connection", (socket: Socket) => {
  const { remotePort = 0 } = socket;
  open.add(remotePort);
  socket.on("close", () => open.delete(remotePort));
});
process.on("message", (asked) => {
  if (asked === "report") return process.send?.({ ...local.counts, ...report, open: [...open] });
  release.resolve();
  release = Promise.withResolvers();
  return undefined;
});
process.on("disconnect", () => process.exit());
local.server.listen(0, "127.0.0.1", () => process.send?.(local.server.address()));
