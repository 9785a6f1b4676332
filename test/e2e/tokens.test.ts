import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { startService, type Service } from "../support/service.ts";

const command = fileURLToPath(new URL("../../infra/local/commands/token.ts", import.meta.url));

const runToken = (data: string, args: readonly string[] = []) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const env = { PATH: process.env["PATH"], CASENOTES_DATA: data };
    execFile(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", command, ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

let service: Service;
beforeAll(async () => {
  service = await startService({ args: ["--workers", "0"] });
});
afterAll(() => service[Symbol.asyncDispose]());

const list = (token: string | null) => service.request("GET", "/v1/patients", { token });

describe("the token command", () => {
  test("prints a token that the service takes, and nothing else", async () => {
    const { code, stdout, stderr } = await runToken(service.data);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect((await list(stdout.trim())).status).toBe(200);
  });

  test("writes what it was told into the token", async () => {
    const flags = ["--subject", "s", "--name", "N", "--role", "auditor", "--scope", "audit:read", "--minutes", "2"];
    const patients = [randomUUID(), randomUUID()];
    const { stdout } = await runToken(service.data, [...flags, "--patients", patients.join(", ")]);
    const claims = decodeJwt(stdout);
    expect(claims).toMatchObject({ sub: "s", name: "N", role: "auditor", scope: "audit:read", patients });
    expect(claims.exp! - claims.iat!).toBe(120);
  });

  test.for([
    [["--minutes", "0"]],
    [["--minutes", "soon"]],
    [["--subject", ""]],
    [["--colour", "red"]],
    [["stray"]],
    [["--role", "bogus"]],
    [["--role", "constructor"]],
    [["--scope", "record:read foo"]],
    [["--patients", ""]],
    [["--patients", `${randomUUID()},b`]],
  ])("refuses %j with its usage", async ([flags]) => {
    const { code, stdout, stderr } = await runToken(service.data, flags);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("npm run -s token -- [flags]");
  });

  test("says what to do where there is no issuer", async () => {
    const empty = await mkdtemp(join(tmpdir(), "casenotes-empty-"));
    const { code, stderr } = await runToken(empty);
    await rm(empty, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toContain("start the service once");
  });
});

describe("the local issuer", () => {
  test("publishes its name and keys as OpenID Connect discovery wants them", async () => {
    const { json } = await service.request("GET", "/.well-known/openid-configuration", { token: null });
    const keys = createRemoteJWKSet(new URL(json.jwks_uri));
    const { payload } = await jwtVerify(await service.token(), keys, { issuer: json.issuer, audience: "casenotes" });
    expect(payload.sub).toBe("user-1");
  });

  test("keeps its name, and its tokens their worth, over a restart on another port", async () => {
    const token = await service.token();
    const { url } = service;
    await service.kill("all");
    // The old port is taken, so that the next one is another.
    const other = createServer().listen(Number(new URL(url).port), "127.0.0.1");
    await once(other, "listening");
    await service.restart();
    other.close();
    expect(service.url).not.toBe(url);
    expect((await list(token)).status).toBe(200);
  });

  test("of another installation is not trusted", async () => {
    await using other = await startService({ args: ["--workers", "0"] });
    expect((await list(await other.token())).status).toBe(401);
  });

  test("has no power beyond the scope it wrote", async () => {
    expect((await list(await service.token({ scope: "audit:read" }))).status).toBe(403);
    expect((await list(null)).status).toBe(401);
    expect((await list(await service.token({ audience: "another" }))).status).toBe(401);
    expect((await list(await service.token({ minutes: -5 }))).status).toBe(401);
  });
});
