import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aPatientOf } from "../support/clinic.ts";
import { aFolder } from "../support/engines.ts";
import { spawnService, startService, type Service } from "../support/service.ts";

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A child that nobody waited for still has its pid.
  return !/^State:\s+Z/m.test(statusOf(pid));
};

const statusOf = (pid: number): string => {
  try {
    return execFileSync("cat", [`/proc/${pid}/status`], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "State:\tZ";
  }
};

/** For what has to come, however busy the machine is; the failure has what there is instead. */
const soon = { timeout: 20_000, interval: 10 };

const healthy = async (service: Service): Promise<boolean> => {
  try {
    return (await service.request("GET", "/healthz", { token: null })).status === 200;
  } catch {
    return false;
  }
};

/** Runs the supervisor to its end: what it wrote and its exit code. */
const runToEnd = async (env: Record<string, string>, args: readonly string[] = []) => {
  const home = await mkdtemp(join(tmpdir(), "casenotes-config-"));
  try {
    const child = spawnService({ env, args }, join(home, "data"));
    let stderr = "";
    child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stderr };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

describe("a configuration that cannot work", () => {
  test("is refused with all its problems in plain lines, and exit code 1", async () => {
    const { code, stderr } = await runToEnd({ PORT: "http", CASENOTES_ENGINE: "oracle", HOST: "0.0.0.0" });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(3);
    expect(stderr).not.toContain("at ");
  });

  test("for a port in use is one clear line", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await runToEnd({ PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    const plain = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(plain).toEqual([expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`)]);
  });

  test("for an address of another machine is one clear line", async () => {
    const { code, stderr } = await runToEnd({ HOST: "192.0.2.99" }, ["--behind-proxy"]);
    expect(code).toBe(1);
    const plain = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(plain).toEqual(["192.0.2.99 is not an address of this machine: set HOST to one that is."]);
    expect(stderr.match(/"member.started"/g)).toHaveLength(2);
  });

  test("for a data folder that cannot be made is one clear line", async () => {
    const { code, stderr } = await runToEnd({ CASENOTES_DATA: "/proc/casenotes/data" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^casenotes: \/proc\/casenotes\/data cannot be used \(\w+\): set CASENOTES_DATA to .*\.\n$/);
  });

  test("for a database that cannot be written to is one clear line", async () => {
    using folder = aFolder();
    mkdirSync(join(folder.path, "casenotes.db"));
    const { code, stderr } = await runToEnd({ CASENOTES_DATA: folder.path });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `casenotes: ${folder.path} cannot be used (EISDIR): set CASENOTES_DATA to a folder that can be made and written to.\n`,
    );
  });

  test("for a file that is no database is one clear line", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    writeFileSync(file, "not a database\n".repeat(1_000));
    const { code, stderr } = await runToEnd({ CASENOTES_DATA: folder.path });
    expect(code).toBe(1);
    expect(stderr).toBe(`casenotes: ${file} is damaged or not a database: restore a backup (npm run restore).\n`);
  });

  test("for a database of another program is one clear line", async () => {
    using folder = aFolder();
    const file = join(folder.path, "casenotes.db");
    using db = new DatabaseSync(file);
    db.exec("CREATE TABLE theirs (a)");
    const { code, stderr } = await runToEnd({ CASENOTES_DATA: folder.path });
    expect(code).toBe(1);
    expect(stderr).toBe(`casenotes: ${file} is a database of another program: choose another data folder.\n`);
  });

  test("for a certificate that is not there names the file", async () => {
    const { code, stderr } = await runToEnd({}, ["--tls-key", "/nowhere/key.pem", "--tls-cert", "/nowhere/cert.pem"]);
    expect(code).toBe(1);
    expect(stderr).toBe("casenotes: /nowhere/key.pem cannot be read.\n");
  });
});

describe("the supervisor", () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ args: ["--workers", "2"] });
  });
  afterAll(() => service[Symbol.asyncDispose]());

  test("starts one HTTP process and the workers it was asked for", async () => {
    expect(await healthy(service)).toBe(true);
    expect(new Set(["supervisor", "http", "worker-1", "worker-2"].map(service.pid)).size).toBe(4);
  });

  test("restarts a worker that was killed, without the HTTP process noticing", async () => {
    const [http, worker] = [service.pid("http"), service.pid("worker-1")];
    await service.kill("worker-1");
    await expect.poll(() => service.pid("worker-1"), soon).not.toBe(worker);
    expect(await healthy(service)).toBe(true);
    expect(service.pid("http")).toBe(http);
  });

  test("restarts the HTTP process on the same port", async () => {
    const { url } = service;
    const http = service.pid("http");
    await service.kill("http");
    await expect.poll(() => service.pid("http"), soon).not.toBe(http);
    await expect.poll(() => healthy(service), soon).toBe(true);
    expect(service.url).toBe(url);
  });

  test("restarts a member that got a SIGTERM of its own, after it has drained", async () => {
    const worker = service.pid("worker-2");
    process.kill(worker, "SIGTERM");
    await expect.poll(() => service.pid("worker-2"), soon).not.toBe(worker);
    const ended = await service.logged((line) => line.event === "member.ended" && line["member"] === "worker-2");
    expect(ended).toMatchObject({ code: 0, signal: null });
  });

  test("leaves nobody behind when it is killed itself", async () => {
    const members = ["http", "worker-1", "worker-2"].map(service.pid);
    await service.kill("supervisor");
    await expect.poll(() => members.filter(alive), soon).toEqual([]);
    await service.restart();
    expect(await healthy(service)).toBe(true);
  });

  test("serves again after a kill -9 of everything", async () => {
    await service.kill("all");
    await service.restart();
    expect(await healthy(service)).toBe(true);
  });

  test("stops everything on SIGTERM, with exit code 0", async () => {
    const members = ["http", "worker-1", "worker-2"].map(service.pid);
    expect(await service.stop()).toBe(0);
    expect(members.some(alive)).toBe(false);
    expect(service.logs().filter(({ level }) => level === "error")).toEqual([]);
    await service.restart();
  });

  test("stops in order also when the signal goes to the whole group, as Ctrl-C does", async () => {
    process.kill(-service.pid("supervisor"), "SIGINT");
    await once(service.supervisor, "exit");
    expect(service.supervisor.exitCode).toBe(0);
    expect(service.logs().filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });
});

/** When each life of a worker is followed by the next, ms, by how long each served. */
const restartsAfter = (servedMs: readonly number[]): readonly number[] => {
  let quick = 0;
  return servedMs.map((ms) => {
    quick = ms > 1_000 ? 0 : quick + 1;
    return quick < 2 ? 0 : Math.min(5_000, 50 * 2 ** quick);
  });
};

test("a worker that has served for a second is started again at once each time; one that has not, ever later", async () => {
  await using service = await startService();
  const lives = () =>
    service
      .logs()
      .filter(({ event }) => event === "member.ended")
      .map((line) => ({ servedMs: Number(line["servedMs"]), restartMs: Number(line["restartMs"]) }));
  /** Kills it, and tells whether it had served for a second: on a busy machine it may have been longer or shorter than meant. */
  const killWorker = async (): Promise<boolean> => {
    const before = lives().length;
    await service.kill("worker-1");
    await expect.poll(() => lives().length, soon).toBe(before + 1);
    return lives()[before]!.servedMs > 1_000;
  };
  for (let long = 0; long < 3;) {
    expect((await aPatientOf(service)).create.status).toBe(201);
    await sleep(1_100);
    long = (await killWorker()) ? long + 1 : 0;
  }
  for (let short = 0; short < 3;) short = (await killWorker()) ? 0 : short + 1;
  expect(lives().map(({ restartMs }) => restartMs)).toEqual(restartsAfter(lives().map(({ servedMs }) => servedMs)));
  expect(
    lives()
      .slice(-3)
      .map(({ restartMs }) => restartMs),
  ).toEqual([0, 200, 400]);
});

test("without workers the service accepts and answers", async () => {
  await using service = await startService({ args: ["--workers", "0"] });
  expect(await healthy(service)).toBe(true);
  expect(() => service.pid("worker-1")).toThrow("no process worker-1");
});
