import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestRecord } from "./git-record.ts";

/** A bare repository in a folder of its own, removed at the end of its `using` block. */
export const aGitRepository = () => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-git-"));
  const git = (args: readonly string[], input: string | Uint8Array = "", env: Record<string, string> = {}): string =>
    execFileSync("git", ["-C", folder, ...args], {
      input,
      env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1", HOME: folder, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    }).toString();
  git(["init", "-q", "--bare", "-b", "main"]);
  return { git, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
};

export type GitRepository = ReturnType<typeof aGitRepository>;

/** Feeds the pack part of every segment to `git index-pack --strict`, oldest first, and points main at the head. */
export const unpackInto = ({ git }: GitRepository, record: TestRecord): void => {
  for (const { pack, bytes } of record.segments()) {
    git(["index-pack", "--stdin", "--fix-thin", "--strict"], bytes.subarray(0, pack.pack));
  }
  git(["update-ref", "refs/heads/main", record.head().commit ?? ""]);
};
