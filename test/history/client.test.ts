import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { recordedClient } from "./client.ts";
import type { LedgerLine } from "./ledger.ts";

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

test("a caller whose connection was closed between two requests asks on another", async () => {
  const server = createServer((socket) => socket.on("data", () => socket.end(answer)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines: LedgerLine[] = [];
  const ledger = { add: (line: LedgerLine) => void lines.push(line), flush: () => {} };
  await using client = recordedClient({ url, token: "none", number: 1, ledger });
  const closed = once(server, "connection").then(([socket]) => once(socket, "close"));
  await client.readRecord("a");
  await closed;
  expect((await client.readRecord("a")).status).toBe(200);
  expect(lines.filter(({ status }) => status === 200)).toHaveLength(2);
  server.close();
});
