import { createServer, request, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A loopback proxy that says each request came over TLS: policies that demand TLS refuse plain HTTP, rightly. */
export const startTlsSayingProxy = async (
  targetPort: number,
): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const server: Server = createServer((req, res) => {
    const headers = { ...req.headers, "x-forwarded-proto": "https" };
    const up = request(
      { host: "127.0.0.1", port: targetPort, method: req.method, path: req.url, headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    up.on("error", () => res.destroy());
    req.pipe(up);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
