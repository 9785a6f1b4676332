import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { localServer } from "../../../infra/local/server.ts";
import { openConnection } from "../../bench/load/connection.ts";

const request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const clients = 40;
/** So long does each answer keep the process busy, ms: all of them take more than a second. */
const busyMs = 40;

test("a server that stops answers everybody who has connected, however long that takes", async () => {
  const local = localServer({
    entry: async () => {
      for (const end = performance.now() + busyMs; performance.now() < end;);
      return { statusCode: 200, headers: {}, body: "" };
    },
    log: () => undefined,
    now: Date.now,
    bodyLimit: () => 0,
  });
  local.server.listen({ port: 0, host: "127.0.0.1" });
  await once(local.server, "listening");
  const { port } = local.server.address() as AddressInfo;
  const asked = Array.from({ length: clients }, async () => {
    const { status } = await (await openConnection("127.0.0.1", port)).ask(request);
    return status;
  });
  const drained = local.drain();
  const ends = (await Promise.allSettled(asked)).map((end) => (end.status === "fulfilled" ? end.value : end.reason));
  await drained;
  expect(ends).toEqual(Array.from({ length: clients }, () => 200));
});
