import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Signer } from "../../functions/dependencies.ts";
import { createSigner } from "../../shared/git/signature.ts";

const committer = { name: "Casenotes", email: "casenotes@clinic.example" };
const aPrivateKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const aSigner = () => createSigner({ privateKeyPem: aPrivateKey(), committer });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "casenotes-signature-"));
  execFileSync("git", ["init", "-q", "--bare", folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const git = (args: readonly string[], input?: string): string =>
  execFileSync("git", args, {
    cwd: folder,
    encoding: "utf8",
    stdio: "pipe",
    ...(input === undefined ? {} : { input }),
  });

const aCommit = (): string => {
  const tree = git(["mktree"], "").trim();
  const time = "<casenotes@clinic.example> 1790000000 +0000";
  return `tree ${tree}\nauthor A ${time}\ncommitter Casenotes ${time}\n\nrecord:create: a record\n`;
};

/** Stores a commit whose gpgsig header carries `signature`; gives its id. */
const stored = (commit: string, signature: string): string => {
  const header = `gpgsig ${signature.replaceAll("\n", "\n ")}\n`;
  return git(["hash-object", "-t", "commit", "-w", "--stdin"], commit.replace("\n\n", `\n${header}\n`)).trim();
};

const verify = (oid: string, signer: Signer): string => {
  writeFileSync(join(folder, "allowed"), `${signer.allowedSigner}\n`);
  const config = ["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${join(folder, "allowed")}`];
  // verify-commit prints its verdict on stderr; show prints it in the log.
  return git([...config, "log", "-1", "--show-signature", "--format=%G?", oid]);
};

test("stock git finds a commit's signature good for the published principal", () => {
  const signer: Signer = aSigner();
  const commit = aCommit();
  const oid = stored(commit, signer.sign(Buffer.from(commit)));
  expect(verify(oid, signer)).toMatch(/Good "git" signature for casenotes@clinic\.example with ED25519 key[^]*\nG\n/);
  git(["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${join(folder, "allowed")}`, "verify-commit", oid]);
  expect(() => git(["fsck", "--strict", "--no-dangling"])).not.toThrow();
});

test("a changed commit, and one signed by an unknown key, are not good", () => {
  const signer = aSigner();
  const commit = aCommit();
  const altered = commit.replace("a record", "another record");
  expect(verify(stored(altered, signer.sign(Buffer.from(commit))), signer)).not.toContain("\nG\n");
  expect(verify(stored(commit, aSigner().sign(Buffer.from(commit))), signer)).not.toContain("\nG\n");
});

test("ssh-keygen verifies the signature in namespace git only", () => {
  const signer = aSigner();
  writeFileSync(join(folder, "signers"), `${committer.email} ${signer.publicKeyLine}\n`);
  writeFileSync(join(folder, "message.sig"), `${signer.sign(Buffer.from("a message"))}\n`);
  const check = (namespace: string): string =>
    execFileSync(
      "ssh-keygen",
      ["-Y", "verify", "-f", "signers", "-I", committer.email, "-n", namespace, "-s", "message.sig"],
      { cwd: folder, input: "a message", encoding: "utf8", stdio: "pipe" },
    );
  expect(check("git")).toContain("Good");
  expect(() => check("file")).toThrow(/namespace/);
});

test("the armour is base64 in lines of at most 70 characters between its two markers, without a last newline", () => {
  const lines = aSigner().sign(Buffer.from("x")).split("\n");
  expect(lines[0]).toBe("-----BEGIN SSH SIGNATURE-----");
  expect(lines.at(-1)).toBe("-----END SSH SIGNATURE-----");
  for (const line of lines.slice(1, -1)) expect(line).toMatch(/^[A-Za-z0-9+/=]{1,70}$/);
});

test("one key gives one signature: ed25519 needs no randomness", () => {
  const privateKeyPem = aPrivateKey();
  const message = Buffer.from("a message");
  expect(createSigner({ privateKeyPem, committer }).sign(message)).toBe(
    createSigner({ privateKeyPem, committer }).sign(message),
  );
});

test("a key that is not ed25519 is refused with the remedy", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  expect(() => createSigner({ privateKeyPem, committer })).toThrow(/ed25519.*openssl/);
});
