import { createServer, type AddressInfo } from "node:net";
import { hasDocker, startInDocker } from "./docker-mode.ts";
import { untilHealthy, type RunningLocalStack } from "./health.ts";
import { startOnHost } from "./host-mode.ts";

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** LocalStack at `LOCALSTACK_ENDPOINT` when that is set, else in Docker where there is an engine, else on this machine. */
export const startLocalStack = async (): Promise<RunningLocalStack> => {
  const given = process.env["LOCALSTACK_ENDPOINT"];
  if (given) {
    await untilHealthy(given);
    return { endpoint: given, stop: async () => undefined };
  }
  const port = await freePort();
  return hasDocker() ? startInDocker(port) : startOnHost(port);
};
