import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { aFolder } from "../support/engines.ts";
import { spawnService } from "../support/service.ts";

const moduleOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const serviceModule = moduleOf("../../infra/local/start.ts");
const quiet = "--disable-warning=ExperimentalWarning";

/** The supervisor takes 10 s at most to end. */
const patienceMs = 20_000;

const isAlive = (pid: number): boolean => {
  try {
    // A child that nobody waited for still has its pid.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

const untilDead = async (pids: readonly number[]): Promise<void> => {
  const end = Date.now() + patienceMs;
  while (pids.some(isAlive)) {
    if (Date.now() > end) throw new Error("it lives on");
    await sleep(20);
  }
};

/** A process that starts the service in a process group of its own, and then only waits. */
const starterOf = (data: string, stdio: readonly string[]): ChildProcess => {
  const spawned = { stdio, detached: true };
  const args = JSON.stringify([process.execPath, [quiet, serviceModule], spawned]);
  return spawn(
    process.execPath,
    ["-e", `require("node:child_process").spawn(...${args}); setInterval(() => {}, 1000)`],
    {
      env: { ...process.env, PORT: "0", CASENOTES_DATA: data },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
};

/** Process ids of the supervisor, first, and of its members, once all of them serve. */
const serving = async (starter: ChildProcess): Promise<readonly [number, ...number[]]> => {
  const members: number[] = [];
  for await (const line of createInterface({ input: starter.stderr! })) {
    const { event, pid, memberPid } = JSON.parse(line) as { event: string; pid: number; memberPid: number };
    if (event === "member.started") members.push(memberPid);
    if (event === "ready") return [pid, ...members];
  }
  throw new Error("the service did not start");
};

/** Preloaded into every member: it goes on loading when its supervisor is gone. */
const loadsUntilAlone =
  "if(process.env.CASENOTES_MEMBER)while(process.connected)await(new(Promise)((r)=>setTimeout(r,20)))";

const killed = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};

test("a service that was started with a channel ends with all its members when its starter is killed", async () => {
  using folder = aFolder();
  const starter = starterOf(join(folder.path, "data"), ["ignore", "ignore", "inherit", "ipc"]);
  const pids = await serving(starter);
  expect(pids.length).toBeGreaterThan(2);
  await killed(starter);
  try {
    await untilDead(pids);
  } finally {
    if (isAlive(pids[0])) process.kill(-pids[0], "SIGKILL");
  }
});

test("members that are still loading end, too, when their supervisor is killed", async () => {
  using folder = aFolder();
  const supervisor = spawnService(
    { env: { NODE_OPTIONS: `--import=data:text/javascript,${loadsUntilAlone}` } },
    join(folder.path, "data"),
  );
  const members: number[] = [];
  for await (const line of createInterface({ input: supervisor.stderr! })) {
    const { event, memberPid } = JSON.parse(line) as { event: string; memberPid: number };
    if (event === "member.started" && members.push(memberPid) === 2) break;
  }
  await killed(supervisor);
  try {
    await untilDead(members);
    expect(members.filter(isAlive)).toEqual([]);
  } finally {
    for (const pid of members.filter(isAlive)) process.kill(pid, "SIGKILL");
  }
});

test("a service that was started without one, as from a terminal or by systemd, outlives its starter", async () => {
  using folder = aFolder();
  const starter = starterOf(join(folder.path, "data"), ["pipe", "ignore", "inherit"]);
  const pids = await serving(starter);
  await killed(starter);
  try {
    await sleep(1_000);
    expect(pids.every(isAlive)).toBe(true);
  } finally {
    process.kill(pids[0], "SIGTERM");
    await untilDead(pids);
  }
});

test("what is run with spawnSync and told to end with its parent does, when that one is killed", async () => {
  const preload = ["--import", new URL("../support/end-with-parent.ts", import.meta.url).href];
  const args = JSON.stringify([
    process.execPath,
    [quiet, ...preload, "-e", "console.log(process.pid); setInterval(() => {}, 1000)"],
    { stdio: ["ignore", "inherit", "inherit"] },
  ]);
  const parent = spawn(process.execPath, ["-e", `require("node:child_process").spawnSync(...${args})`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = (await once(parent.stdout!, "data")) as [Buffer];
  const pid = Number(String(text));
  expect(isAlive(pid)).toBe(true);
  await killed(parent);
  await untilDead([pid]);
});
