import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { acceptWith } from "./accept-with.ts";
import { administratorOf } from "./administrator.ts";
import { cdkOn } from "./cdk.ts";
import { startIssuer } from "./issuer.ts";
import { startMiniStack, type MiniStack } from "./ministack.ts";

const run = promisify(execFile);
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

const create = async (id = randomUUID()) => {
  const body = JSON.stringify({
    id,
    name: { family: "Doe", given: ["Sample"] },
    birthDate: "1990-04-02",
    sex: "female",
    identifiers: [],
  });
  const answer = await ask("POST", "/v1/patients", { body, headers: { "content-type": "application/json" } });
  return { id, ...answer };
};

const put = (id: string, body: string, over: Asked = {}) =>
  ask("PUT", `/v1/patients/${id}/files/notes/first.md`, {
    body,
    ...over,
    headers: { "content-type": "text/markdown", ...over.headers },
  });

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
    const { id, status, text } = await create();
    expect([status, text]).toEqual([201, expect.any(String)]);
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

  test("gives stock git a clone whose last commit it signed", async () => {
    const { id } = await create();
    expect((await put(id, "To be cloned.", { headers: { "if-none-match": "*" } })).status).toBe(201);
    const folder = mkdtempSync(join(tmpdir(), "casenotes-clone-"));
    const git = (...args: string[]) => run("git", args, { cwd: folder, env: { ...process.env, HOME: folder } });
    const header = `http.extraHeader=Authorization: Bearer ${token}`;
    await git("-c", header, "clone", "-q", `${url}/git/${id}.git`, "record");
    expect(readFileSync(join(folder, "record/notes/first.md"), "utf8")).toBe("To be cloned.");
    await git("-C", "record", "fsck", "--strict");
    const { stdout } = await git("-C", "record", "cat-file", "commit", "HEAD");
    expect(stdout).toContain("BEGIN SSH SIGNATURE");
    rmSync(folder, { recursive: true });
  });

  test("keeps the operation of a patient whose lease is held, and goes on with the others", async () => {
    const { engine } = await administratorOf(aws.url, cdk.outputs());
    const [held, other] = [await create(), await create()];
    const owner = randomUUID();
    await engine.heads.acquire(held.id, owner);
    const none = { "if-none-match": "*" };
    const late = await put(held.id, "Later.", { headers: { ...none, prefer: "wait=2" } });
    expect(late.status).toBe(202);
    expect((await put(other.id, "At once.", { headers: none })).status).toBe(201);
    expect(await stateOf(late)).toBe("queued");
    await engine.heads.release(held.id, owner);
    await engine.close();
  });

  test("parks what is dead, and commits it after a redrive", async () => {
    const { engine, intoDeadLetters } = await administratorOf(aws.url, cdk.outputs());
    const { id } = await create();
    const accepted = await acceptWith(intoDeadLetters, { url, token, patientId: id, issuer: issuer.trusted });
    await vi.waitFor(async () => expect(await stateOf(accepted)).toBe("parked"), { timeout: 40_000, interval: 500 });
    const redriven = await ask("POST", `${accepted.headers.get("location")}/redrive`);
    expect(redriven.status).toBe(202);
    await vi.waitFor(async () => expect(await stateOf(accepted)).toBe("committed"), { timeout: 40_000, interval: 500 });
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
  });

  test("can be destroyed in dev", async () => {
    await cdk.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(404);
  });
});

const stateOf = async ({ headers }: { readonly headers: Headers }): Promise<string> =>
  JSON.parse((await ask("GET", headers.get("location")!, { headers: { prefer: "wait=0" } })).text).state;
