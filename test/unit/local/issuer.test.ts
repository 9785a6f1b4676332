import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLocalJWKSet, jwtVerify } from "jose";
import { openIdentity } from "../../../infra/local/identity.ts";
import { findIssuer } from "../../../infra/local/issuer.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "casenotes-issuer-"));
});
afterEach(() => rm(home, { recursive: true }));

const claims = { subject: "user-1", name: "A Clinician", role: "clinician", scope: "record:read", minutes: 5 };

describe("the local issuer", () => {
  test("is the same for all processes that start at once", async () => {
    const folder = join(home, "data");
    const opened = await Promise.all(Array.from({ length: 8 }, () => openIdentity(folder)));
    expect(new Set(opened.map(({ issuer }) => issuer.name)).size).toBe(1);
    expect(new Set(opened.map(({ issuer }) => JSON.stringify(issuer.jwks))).size).toBe(1);
    expect(new Set(opened.map(({ signer }) => signer.allowedSigner)).size).toBe(1);
    expect((await readdir(folder)).toSorted()).toEqual(["issuer.json", "signing-key.pem"]);
  });

  test("keeps its keys for the owner of the data folder alone", async () => {
    const folder = join(home, "data");
    await openIdentity(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test("publishes no private key", async () => {
    const { issuer } = await openIdentity(home);
    expect(JSON.stringify(issuer.jwks)).not.toContain('"d"');
    expect(issuer.jwks.keys).toHaveLength(1);
  });

  test("mints tokens that its key set verifies, with exactly the claims asked for", async () => {
    const { issuer } = await openIdentity(home);
    const token = await issuer.mintToken({ ...claims, patients: ["p"] });
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...issuer.jwks.keys] }), {
      issuer: issuer.name,
      audience: "casenotes",
    });
    expect(payload).toMatchObject({ sub: "user-1", name: "A Clinician", scope: "record:read", patients: ["p"] });
    expect(payload.exp! - payload.iat!).toBe(300);
  });

  test("is not made where somebody only looks for it", async () => {
    expect(await findIssuer(home)).toBeUndefined();
    expect(await readdir(home)).toEqual([]);
  });
});
