import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { faultPoints } from "../../functions/fault-points.ts";
import { openConnection, requestBytes } from "../bench/load/connection.ts";
import { startService, type Reply, type Service } from "../support/service.ts";

const git = promisify(execFile);

const aPatient = (id: string) => ({
  id,
  name: { family: "Doe", given: ["Sample"] },
  birthDate: "1990-04-02",
  sex: "female",
  identifiers: [],
});

const createPatient = async (service: Service, waitS = 10): Promise<string> => {
  const id = randomUUID();
  const headers = { prefer: `wait=${waitS}` };
  const created = await service.request("POST", "/v1/patients", { body: aPatient(id), headers });
  expect(created).toMatchObject({ status: 201 });
  return id;
};

interface Write {
  readonly path: string;
  readonly key: string;
  /** Content; a short note when absent. */
  readonly content?: string;
}

const put = (service: Service, { path, key, content = `note of ${key}` }: Write, wait: number): Promise<Reply> =>
  service.request("PUT", path, {
    key,
    body: content,
    headers: { "content-type": "text/markdown", "if-none-match": "*", prefer: `wait=${wait}` },
  });

const aWrite = (patient: string): Write => {
  const key = randomUUID();
  return { path: `/v1/patients/${patient}/files/notes/${key}.md`, key };
};

const rawPut = ({ path, key }: Write, token: string): string =>
  requestBytes(
    { method: "PUT", path },
    {
      authorization: `Bearer ${token}`,
      "idempotency-key": key,
      "content-type": "text/markdown",
      "if-none-match": "*",
      prefer: "wait=20",
    },
    "a note",
  );

/** Sends until it is answered: what a client does that must know. */
const insist = async (service: Service, write: Write): Promise<Reply> => {
  for (;;) {
    try {
      const reply = await put(service, write, 5);
      if (reply.status === 200 || reply.status === 201) return reply;
      if (reply.status !== 202 && reply.status !== 503 && reply.status !== 429)
        throw new Error(`unexpected ${reply.status}: ${reply.text}`);
    } catch (cause) {
      // No answer: however long it takes to start again, it is asked until then.
      if (!(cause instanceof TypeError)) throw cause;
    }
    await sleep(20);
  }
};

/** What an accepted operation came to. */
const endOf = async (service: Service, id: string): Promise<string> => {
  for (;;) {
    const { json, text } = await service.request("GET", `/v1/operations/${id}`, { headers: { prefer: "wait=15" } });
    if (json.state !== "queued") return json.state ?? text;
  }
};

/** Operation ids in the history, oldest first, as stock git reads them from a clone. */
const historyOf = async (service: Service, patient: string): Promise<readonly string[]> => {
  const clone = `${service.data}/clone-${randomUUID()}`;
  const header = `http.extraHeader=Authorization: Bearer ${await service.token()}`;
  await git("git", ["-c", header, "clone", "-q", "--bare", `${service.url}/git/${patient}.git`, clone]);
  await git("git", ["-C", clone, "fsck", "--strict"]);
  const format = "--format=%(trailers:key=Operation-Id,valueonly,separator=%x2C)";
  const { stdout } = await git("git", ["-C", clone, "log", "--reverse", format]);
  return stdout.trim().split("\n");
};

/** Writes of several clients while `disturb` happens: the operations answered as committed, and those in the histories. */
const writesDuring = async (service: Service, disturb: () => Promise<void>) => {
  const patients = await Promise.all(Array.from({ length: 3 }, () => createPatient(service)));
  const committed = new Set<string>();
  const over = new AbortController();
  const client = async (patient: string) => {
    for (let count = 0; count < 5 || !over.signal.aborted; count += 1) {
      const { json } = await insist(service, aWrite(patient));
      committed.add(json.id);
    }
  };
  const clients = patients.flatMap((patient) => [client(patient), client(patient)]);
  await sleep(100);
  await disturb();
  await sleep(300);
  over.abort();
  await Promise.all(clients);
  const histories = await Promise.all(patients.map((patient) => historyOf(service, patient)));
  return {
    answered: [...committed].toSorted(),
    inHistory: histories.flatMap(([, ...writes]) => writes).toSorted(),
    throws: service.logs().filter(({ event }) => event === "unexpected-throw").length,
  };
};

describe("under load", () => {
  test("a worker killed three times loses nothing and repeats nothing", async () => {
    await using service = await startService();
    const { answered, inHistory, throws } = await writesDuring(service, async () => {
      for (let time = 0; time < 3; time += 1) {
        await service.kill("worker-1");
        await sleep(400);
      }
    });
    expect(inHistory).toEqual(answered);
    expect(throws).toBe(0);
  });

  test("an HTTP process killed twice loses nothing and repeats nothing", async () => {
    await using service = await startService();
    const { answered, inHistory, throws } = await writesDuring(service, async () => {
      for (let time = 0; time < 2; time += 1) {
        await service.kill("http");
        await sleep(500);
      }
    });
    expect(inHistory).toEqual(answered);
    expect(throws).toBe(0);
  });

  test("a kill -9 of everything loses nothing that was accepted, and the next start completes it", async () => {
    await using service = await startService();
    const patient = await createPatient(service);
    const accepted = new Set<string>();
    const writes = Array.from({ length: 60 }, () => aWrite(patient));
    const some = Promise.withResolvers<void>();
    const sent = writes.map(async (write, index) => {
      await sleep(index * 5);
      const reply = await put(service, write, 0).catch(() => undefined);
      if (reply === undefined || reply.status >= 300) return;
      accepted.add(reply.json.id);
      if (accepted.size === 15) some.resolve();
    });
    await some.promise;
    await service.kill("all");
    await Promise.all(sent);
    await service.restart();
    for (const id of accepted) expect(await endOf(service, id)).toBe("committed");
    const [, ...history] = await historyOf(service, patient);
    expect(history).toHaveLength(new Set(history).size);
    for (const id of accepted) expect(history).toContain(id);
  });

  test("SIGTERM answers every request in hand, and the process ends 0 within ten seconds", async () => {
    await using service = await startService();
    const patient = await createPatient(service);
    const { hostname, port } = new URL(service.url);
    const connections = await Promise.all(Array.from({ length: 40 }, () => openConnection(hostname, Number(port))));
    const token = await service.token();
    const replies = connections.map((connection) => connection.ask(rawPut(aWrite(patient), token)));
    // Most of them still stand in the backlog of the listening socket.
    await sleep(12);
    const from = performance.now();
    const [code, ...answers] = await Promise.all([service.stop(), ...replies]);
    expect(code).toBe(0);
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(answers.filter(({ status }) => status !== 201 && status !== 202)).toEqual([]);
    const ended = service.logs().find(({ event }) => event === "http.ended");
    expect(ended).toMatchObject({ gone: 0, throws: 0 });
  });

  test("SIGTERM cuts a long wait short: the answer is 202, and the write is committed after the next start", async () => {
    await using service = await startService({ args: ["--workers", "0"] });
    const id = randomUUID();
    const waiting = service.request("POST", "/v1/patients", { body: aPatient(id), headers: { prefer: "wait=25" } });
    // Accepted, it waits, or is about to.
    const queued = async () => (await service.request("GET", "/v1/operations?state=queued")).json.items;
    while ((await queued()).length === 0) await sleep(10);
    // A wait that goes on is cut with its connection: then there is no answer.
    const [code, reply] = await Promise.all([service.stop(), waiting]);
    expect([code, reply.status]).toEqual([0, 202]);
    await using next = await startService({ data: service.data });
    expect(await endOf(next, reply.json.id)).toBe("committed");
  });
});

describe("a second instance on the same data", () => {
  test("commits what the first accepted, and who waits there hears of it long before the wait is over", async () => {
    await using first = await startService({ args: ["--workers", "0"] });
    await using _second = await startService({ data: first.data });
    const waitS = 20;
    const from = performance.now();
    await createPatient(first, waitS);
    expect(performance.now() - from).toBeLessThan(waitS * 1_000);
  });

  test("serves the same records, and goes on when the first is killed", async () => {
    await using first = await startService();
    await using second = await startService({ data: first.data });
    const patient = await createPatient(first);
    const [here, there] = [aWrite(patient), aWrite(patient)];
    await Promise.all([insist(first, here), insist(second, there)]);
    await first.kill("all");
    const after = aWrite(patient);
    await insist(second, after);
    expect(await historyOf(second, patient)).toHaveLength(4);
    const again = await put(second, here, 5);
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
  });
});

describe("an armed fault point", () => {
  test.for(faultPoints)("%s ends its process once, and the write is one commit all the same", async (point) => {
    await using service = await startService({ env: { CASENOTES_FAULT_POINT: point } });
    const patient = randomUUID();
    const key = randomUUID();
    const create = async () =>
      service.request("POST", "/v1/patients", { key, body: aPatient(patient), headers: { prefer: "wait=5" } });
    let reply: Reply | undefined;
    while (reply?.status !== 201) {
      reply = await create().catch(() => undefined);
      if (reply?.status !== 201) await sleep(50);
    }
    expect(reply?.json.state).toBe("committed");
    // So much seals the tail: the deletion of the one it replaced is an effect.
    const content = randomBytes(60_000).toString("base64");
    const { id } = (await insist(service, { ...aWrite(patient), content })).json;
    await service.logged(({ event, ...line }) => event === "member.ended" && line["signal"] === "SIGKILL");
    expect(await historyOf(service, patient)).toEqual([reply?.json.id, id]);
  });
});

test("the worked example that start prints runs when pasted into bash", async () => {
  await using service = await startService();
  while (!service.stdout().includes("Another token")) await sleep(10);
  const text = service.stdout();
  const example = text.slice(text.indexOf("export CASENOTES="), text.indexOf("\nAnother token"));
  // Standard output is no terminal here: what keeps it must not keep a token.
  expect(text).not.toMatch(/eyJ[\w-]+\./);
  const { PATH, HOME } = process.env;
  const shell = execFile("bash", ["-e", "-o", "pipefail"], { env: { PATH, HOME } });
  let output = "";
  shell.stdout!.on("data", (chunk) => (output += String(chunk)));
  shell.stderr!.on("data", (chunk) => (output += String(chunk)));
  shell.stdin!.end(example);
  await once(shell, "close");
  expect(output).toMatch(/HTTP\/1.1 412 [\s\S]*etag: "[0-9a-f]{40}"/i);
  expect(output.match(/Operation-Id: /g)).toHaveLength(3);
  expect(output).toContain('Good "git" signature');
  expect(shell.exitCode).toBe(0);
});
