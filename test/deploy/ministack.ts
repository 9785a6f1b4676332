import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startTlsSayingProxy } from "./proxy.ts";

const version = "1.5.33";
const home = fileURLToPath(new URL(`../../.cache/ministack-${version}/`, import.meta.url));

/** An AWS on this machine, with IAM enforced. */
export interface MiniStack extends AsyncDisposable {
  /** Endpoint of all services, through the proxy. */
  readonly url: string;
  /** Of the administrator. */
  readonly environment: Readonly<Record<string, string>>;
  log(): string;
}

const main = fileURLToPath(new URL("ministack_main.py", import.meta.url));

/** Installs MiniStack on first use, into a cache that git ignores; its Python. */
const install = (): string => {
  const python = join(home, "bin/python3");
  if (existsSync(join(home, "bin/ministack"))) return python;
  rmSync(home, { recursive: true, force: true });
  execFileSync("python3", ["-m", "venv", home], { stdio: "inherit" });
  execFileSync(join(home, "bin/pip"), ["install", "-q", `ministack==${version}`], { stdio: "inherit" });
  return python;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

const answers = async (url: string): Promise<void> => {
  for (let tries = 0; tries < 150; tries += 1) {
    const ok = await fetch(`${url}/_ministack/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await sleep(100);
  }
  throw new Error("MiniStack did not answer within 15 s");
};

/** Starts MiniStack on loopback with a clean environment, which its functions inherit. */
export const startMiniStack = async (): Promise<MiniStack> => {
  const python = install();
  const port = await freePort();
  const temporary = mkdtempSync(join(tmpdir(), "casenotes-ministack-"));
  const logFile = join(temporary, "log");
  const proxy = await startTlsSayingProxy(port);
  const account = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "eu-central-1" };
  const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  const output = openSync(logFile, "w");
  const child = spawn(python, [main], {
    detached: true,
    cwd: temporary,
    // It ends when its input does: with us, however we end.
    stdio: ["pipe", output, output],
    env: {
      PATH: path,
      HOME: temporary,
      TMPDIR: temporary,
      GATEWAY_PORT: String(port),
      BIND_HOST: "127.0.0.1",
      IOT_MTLS_ENABLED: "0",
      SFTP_ENABLED: "0",
      AUTH: "true",
      MINISTACK_REGION: "eu-central-1",
      AWS_ENDPOINT_URL: proxy.url,
    },
  });
  const stop = async () => {
    // Its functions are its children; the whole group ends at once.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await proxy.close();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await answers(proxy.url);
  } catch (cause) {
    const text = readFileSync(logFile, "utf8").slice(-2_000);
    await stop();
    throw new Error(text, { cause });
  }
  return {
    url: proxy.url,
    environment: {
      ...account,
      AWS_DEFAULT_REGION: account.AWS_REGION,
      AWS_ENDPOINT_URL: proxy.url,
      AWS_ENDPOINT_URL_S3: proxy.url,
    },
    log: () => readFileSync(logFile, "utf8"),
    [Symbol.asyncDispose]: stop,
  };
};
