import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findIssuer, type TokenClaims } from "../../infra/local/issuer.ts";

/** A JSON line of the service's log. */
interface LogLine {
  readonly event: string;
  readonly source: string;
  readonly [field: string]: unknown;
}

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** A data folder to use and leave alone; absent: a temporary one, removed at the end. */
  readonly data?: string;
}

export interface RequestOptions {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when a string or bytes, else as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Idempotency-Key; writes get a random one unless null. */
  readonly key?: string | null;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed as JSON; undefined when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at what came, whatever it is
  readonly json: any;
}

/** The real service: supervisor, HTTP process and workers, in a process group of their own. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly data: string;
  /** Everything written to stdout: the worked example. */
  stdout(): string;
  logs(): readonly LogLine[];
  /** Process id by member: `supervisor`, `http`, `worker-1`, … */
  pid(member: string): number;
  /** A token of the local issuer; by default a clinician's with every scope of the spine. */
  token(claims?: Partial<TokenClaims>): Promise<string>;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** kill -9 of one member, once the life that follows an earlier kill has begun, or of `all` at once (the process group). */
  kill(member: string): Promise<void>;
  /** Starts again on the same data after the supervisor ended. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGTERM to the supervisor; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Waits for a log line. */
  logged(matches: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  readonly supervisor: ChildProcess;
}

const everyScope = "record:read record:write operation:read ops:read ops:redrive";

/** Starts the service on a free port and waits until it serves. */
export const startService = async (options: ServiceOptions = {}): Promise<Service> => {
  const home = options.data === undefined ? await mkdtemp(join(tmpdir(), "casenotes-e2e-")) : undefined;
  const data = options.data ?? join(home!, "data");
  let run = await launch(options, data);
  let ordinaryToken: string | undefined;
  const token = async (claims: Partial<TokenClaims> = {}) => {
    const issuer = await findIssuer(data);
    if (issuer === undefined) throw new Error("the service has no issuer");
    const ordinary = { subject: "user-1", name: "Test User", role: "clinician", scope: everyScope, minutes: 60 };
    return issuer.mintToken({ ...ordinary, ...claims });
  };
  const request = async (method: string, path: string, asked: RequestOptions = {}): Promise<Reply> => {
    const bearer = asked.token === undefined ? (ordinaryToken ??= await token()) : asked.token;
    return ask(`${run.url}${path}`, method, { ...asked, token: bearer });
  };
  return {
    get url() {
      return run.url;
    },
    data,
    get supervisor() {
      return run.child;
    },
    stdout: () => run.stdout.join(""),
    logs: () => run.lines,
    pid: (member) => pidOf(run, member),
    token,
    request,
    logged: (matches, timeoutMs) => logged(run, matches, timeoutMs),
    kill: (member) => kill(run, member),
    stop: async () => {
      run.child.kill("SIGTERM");
      return exitOf(run.child);
    },
    restart: async (env) => {
      await end(run);
      run = await launch({ ...options, env: { ...options.env, ...env } }, data);
    },
    [Symbol.asyncDispose]: async () => {
      await end(run);
      if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
};

interface Run {
  readonly child: ChildProcess;
  readonly killed: Set<number>;
  readonly lines: LogLine[];
  readonly stdout: string[];
  url: string;
}

const startModule = fileURLToPath(new URL("../../infra/local/start.ts", import.meta.url));

/** Starts the supervisor without waiting for it: for tests of what it says before it serves, or instead. */
export const spawnService = (options: ServiceOptions, data: string): ChildProcess => {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", startModule, ...(options.args ?? [])], {
    env: { PATH, HOME, PORT: "0", CASENOTES_DATA: data, ...options.env },
    // By the channel it learns that the tests were killed, and ends: its process group is its own.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
};

const launch = async (options: ServiceOptions, data: string): Promise<Run> => {
  const child = spawnService(options, data);
  const run: Run = { child, killed: new Set(), lines: [], stdout: [], url: "" };
  child.stdout!.setEncoding("utf8").on("data", (text: string) => run.stdout.push(text));
  const other: string[] = [];
  let rest = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("{")) run.lines.push(JSON.parse(line) as LogLine);
      else other.push(line);
    }
    child.emit("casenotes-log");
  });
  try {
    run.url = String((await logged(run, (line) => line.event === "ready", 20_000))["url"]);
  } catch (cause) {
    await end(run);
    const seen = [...other, ...run.lines.map((line) => JSON.stringify(line))].join("\n");
    throw new Error(`the service did not start:\n${seen}`, { cause });
  }
  return run;
};

const logged = (run: Run, matches: (line: LogLine) => boolean, timeoutMs = 10_000): Promise<LogLine> =>
  new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      run.child.off("casenotes-log", look).off("exit", ended);
    };
    const look = () => {
      const found = run.lines.find(matches);
      if (found === undefined) return;
      done();
      resolve(found);
    };
    const fail = (why: string) => {
      done();
      reject(new Error(why));
    };
    const ended = () => fail("the supervisor ended");
    const timer = setTimeout(() => fail(`no such log line within ${timeoutMs} ms`), timeoutMs);
    run.child.on("casenotes-log", look).on("exit", ended);
    look();
  });

const isStartOf =
  (member: string) =>
  ({ event, ...fields }: LogLine): boolean =>
    event === "member.started" && fields["member"] === member;

/** The youngest process of this name: a restarted member has a new one. */
const pidOf = (run: Run, member: string): number => {
  if (member === "supervisor") return run.child.pid!;
  const line = run.lines.findLast(isStartOf(member));
  if (line === undefined) throw new Error(`no process ${member}`);
  return Number(line["memberPid"]);
};

const kill = async (run: Run, member: string): Promise<void> => {
  if (member === "all") process.kill(-run.child.pid!, "SIGKILL");
  else process.kill(await livingPid(run, member), "SIGKILL");
  if (member === "all" || member === "supervisor") await exitOf(run.child);
};

/** A member that was killed has the pid of a process that is gone, or of another's, until its next start is logged. */
const livingPid = async (run: Run, member: string): Promise<number> => {
  if (run.killed.has(pidOf(run, member)))
    await logged(run, (line) => isStartOf(member)(line) && !run.killed.has(Number(line["memberPid"])));
  const pid = pidOf(run, member);
  run.killed.add(pid);
  return pid;
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
};

/** Ends the whole group, also members that outlived their supervisor. */
const end = async ({ child }: Run): Promise<void> => {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
  await exitOf(child);
};

const ask = async (url: string, method: string, asked: RequestOptions): Promise<Reply> => {
  const { body, token, key } = asked;
  const headers = new Headers();
  if (typeof token === "string") headers.set("authorization", `Bearer ${token}`);
  if (method !== "GET" && key !== null) headers.set("idempotency-key", key ?? randomUUID());
  const asIs = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  if (!asIs) headers.set("content-type", "application/json");
  for (const [name, value] of Object.entries(asked.headers ?? {})) headers.set(name, value);
  const response = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: asIs ? (body as string) : JSON.stringify(body) }),
    ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    redirect: "manual",
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
