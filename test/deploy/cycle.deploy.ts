import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { acceptWith } from "./accept-with.ts";
import { administratorOf } from "./administrator.ts";
import { cdkOn } from "./cdk.ts";
import { pauseOperations } from "./event-source.ts";
import { startIssuer } from "./issuer.ts";
import { startMiniStack, type MiniStack } from "./ministack.ts";

const run = promisify(execFile);
/** Less than the queue's own time-out of 90 s. */
const waiting = { timeout: 40_000, interval: 250 };
const scopes = "record:read record:write operation:read ops:read ops:redrive";

let aws: MiniStack;
let issuer: Awaited<ReturnType<typeof startIssuer>>;
let cdk: ReturnType<typeof cdkOn>;
let url: string;
let token: string;

const serviceOutput = (name: string): string => cdk.outputs()["casenotes-dev-service"]![name]!;

beforeAll(async () => {
  issuer = await startIssuer();
  aws = await startMiniStack();
  cdk = cdkOn({ ...aws.environment, CASENOTES_ISSUERS: JSON.stringify([issuer.trusted]) });
  token = await issuer.token(scopes);
  Object.assign(process.env, aws.environment);
  await cdk.synth();
  await cdk.bootstrap();
  await cdk.deploy();
  const [apiId] = new URL(serviceOutput("Url")).hostname.split(".");
  url = `${aws.url}/_aws/execute-api/${apiId}/$default`;
});

afterAll(async () => {
  cdk?.[Symbol.dispose]();
  issuer?.close();
  await aws?.[Symbol.asyncDispose]();
});

interface Asked {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
}

const ask = async (method: string, path: string, { body, headers = {}, key = randomUUID() }: Asked = {}) => {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "idempotency-key": key, prefer: "wait=20", ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text };
};

/** A write and its outcome. It waits 5 s at most here, and a cold start may take longer: the repeat goes on waiting. */
const write = async (method: string, path: string, asked: Asked) => {
  const repeatable = { key: randomUUID(), ...asked };
  for (;;) {
    const answer = await ask(method, path, repeatable);
    if (answer.status !== 202) return answer;
  }
};

const create = async (id = randomUUID()) => {
  const body = JSON.stringify({
    id,
    name: { family: "Doe", given: ["Sample"] },
    birthDate: "1990-04-02",
    sex: "female",
    identifiers: [],
  });
  const answer = await write("POST", "/v1/patients", { body, headers: { "content-type": "application/json" } });
  return { id, ...answer };
};

const put = (id: string, body: string, { headers, ...over }: Asked = {}) =>
  write("PUT", `/v1/patients/${id}/files/notes/first.md`, {
    body,
    ...over,
    headers: { "content-type": "text/markdown", ...headers },
  });

/** A first file, for whose outcome the request does not wait. */
const putAtOnce = (id: string, body: string) => {
  const headers = { "if-none-match": "*", "content-type": "text/markdown", prefer: "respond-async" };
  return ask("PUT", `/v1/patients/${id}/files/notes/first.md`, { body, headers });
};

describe("the deployed service", () => {
  test("says that it lives, and whose signatures to trust", async () => {
    const health = await ask("GET", "/healthz");
    expect([health.status, health.text]).toEqual([200, expect.stringContaining('"status":"ok"')]);
    expect((await ask("GET", "/.well-known/allowed-signers")).text).toContain("ssh-ed25519");
  });

  test("refuses a caller without a token", async () => {
    expect((await fetch(`${url}/v1/patients`)).status).toBe(401);
  });

  test("creates a record, changes a file, refuses a stale copy, and replays a repeat", async () => {
    const { id, status, headers, text } = await create();
    expect([status, text]).toEqual([201, expect.any(String)]);
    expect(headers.get("preference-applied")).toBe("wait=5");
    const first = await put(id, "First visit.", { headers: { "if-none-match": "*" } });
    expect(first.status).toBe(201);
    const etag = first.headers.get("etag")!;
    const key = randomUUID();
    const second = await put(id, "Amended.", { key, headers: { "if-match": etag } });
    expect(second.status).toBe(200);
    expect((await put(id, "Amended.", { key, headers: { "if-match": etag } })).headers.get("etag")).toBe(
      second.headers.get("etag"),
    );
    expect((await put(id, "Stale.", { headers: { "if-match": etag } })).status).toBe(412);
    expect((await ask("GET", `/v1/patients/${id}/files/notes/first.md`)).text).toBe("Amended.");
    expect((await ask("GET", "/v1/patients")).text).toContain(id);
  });

  test("gives stock git a clone that passes fsck, and whose last commit the published signer signed", async () => {
    const { id } = await create();
    expect((await put(id, "To be cloned.", { headers: { "if-none-match": "*" } })).status).toBe(201);
    using folder = mkdtempDisposableSync(join(tmpdir(), "casenotes-clone-"));
    const git = (...args: string[]) =>
      run("git", args, { cwd: folder.path, env: { ...process.env, HOME: folder.path } });
    await git("-c", `http.extraHeader=Authorization: Bearer ${token}`, "clone", "-q", `${url}/git/${id}.git`, "record");
    expect(readFileSync(join(folder.path, "record/notes/first.md"), "utf8")).toBe("To be cloned.");
    expect(await git("-C", "record", "fsck", "--strict")).toEqual({ stdout: "", stderr: "" });
    const signers = join(folder.path, "allowed-signers");
    writeFileSync(signers, (await ask("GET", "/.well-known/allowed-signers")).text);
    const verified = await git("-C", "record", "-c", `gpg.ssh.allowedSignersFile=${signers}`, "verify-commit", "HEAD");
    expect(verified.stderr).toContain('Good "git" signature');
  });

  test("removes the content of a settled operation from everywhere but the record", async () => {
    const { engine } = await administratorOf(aws.url, cdk.outputs());
    const { id } = await create();
    const goOn = await pauseOperations(aws.url);
    // Too long to lie in the operation's own row: it has an item of its own, which the drain function removes.
    const accepted = await putAtOnce(id, "Kept in one place. ".repeat(500));
    const [row] = await engine.operations.get([JSON.parse(accepted.text).id]);
    const key = { operationId: row!.id, requestHash: row!.requestHash };
    expect(await engine.payloads.get([key])).toEqual([expect.any(Uint8Array)]);
    await goOn();
    await becomes(accepted, "committed");
    const isGone = async () => expect(await engine.payloads.get([key])).toEqual([undefined]);
    await vi.waitFor(isGone, waiting);
    await engine.close();
  });

  test("retries one patient's operation while the others of its batch are committed, and commits it once", async () => {
    const { engine } = await administratorOf(aws.url, cdk.outputs());
    const [held, second, third] = [(await create()).id, (await create()).id, (await create()).id];
    const goOn = await pauseOperations(aws.url);
    const [late, ...others] = await inOrder([held, second, third], (id) => putAtOnce(id, "In one batch."));
    // The last thing before the batch: the lease runs out by itself.
    const owner = randomUUID();
    await engine.heads.acquire(held, owner);
    const from = aws.log().length;
    await goOn();
    for (const other of others) await becomes(other, "committed");
    expect(await stateOf(late!)).toBe("queued");
    // One batch it was. MiniStack tells of it when the function has answered, which is after the commits are there.
    const told = /processed 2 SQS messages from \S+ \(1 partial failures\)/;
    await vi.waitFor(() => expect(aws.log().slice(from)).toMatch(told), waiting);
    await engine.heads.release(held, owner);
    // Long before the queue's own time-out of 90 s: the function hid the message for seconds only.
    await becomes(late!, "committed");
    for (const id of [held, second, third]) expect(await commitsOf(id)).toHaveLength(2);
    await engine.close();
  });

  test("parks what is dead, and commits it after a redrive", async () => {
    const { engine, intoDeadLetters } = await administratorOf(aws.url, cdk.outputs());
    const { id } = await create();
    const accepted = await acceptWith(intoDeadLetters, { url, token, patientId: id, issuer: issuer.trusted });
    await becomes(accepted, "parked");
    const redriven = await ask("POST", `${accepted.headers.get("location")}/redrive`);
    expect(redriven.status).toBe(202);
    await becomes(accepted, "committed");
    expect((await ask("GET", `/v1/patients/${id}/files/notes/dead.md`)).text).toBe("Once dead.");
    await Promise.all([engine.close(), intoDeadLetters.close()]);
  });
});

describe("the deployment", () => {
  test("changes nothing when it is repeated", async () => {
    expect(await cdk.deploy()).toContain("no changes");
  });

  test("takes a change, and the service goes on", async () => {
    const { id } = await create();
    await cdk.synth({ CASENOTES_BASE_URL: "https://records.example.org" });
    await cdk.deploy();
    expect((await ask("GET", `/v1/patients/${id}`)).text).toContain(`https://records.example.org/git/${id}.git`);
    // A deployment takes what the first one, in the hook above, may take.
  }, 240_000);

  test("can be destroyed in dev", async () => {
    await cdk.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(404);
  });
});

const stateOf = async ({ headers }: { readonly headers: Headers }): Promise<string> =>
  JSON.parse((await ask("GET", headers.get("location")!, { headers: { prefer: "wait=0" } })).text).state;

const becomes = (accepted: { readonly headers: Headers }, state: string): Promise<void> =>
  vi.waitFor(async () => expect(await stateOf(accepted)).toBe(state), waiting);

const commitsOf = async (id: string): Promise<readonly unknown[]> =>
  JSON.parse((await ask("GET", `/v1/patients/${id}/commits`)).text).items;

const inOrder = async <T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (const item of items) results.push(await each(item));
  return results;
};
