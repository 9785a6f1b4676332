import { execFileSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { aFolder } from "../support/engines.ts";
import { aGitRepository } from "../support/stock-git.ts";
import { setup } from "../support/temporary-folder.ts";

afterEach(() => vi.unstubAllEnvs());

test("a run that was started by a hook, or by a rebase, leaves their repository alone", () => {
  using theirs = aFolder();
  const person = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"];
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", theirs.path, ...person, ...args]).toString();
  git("init", "-q", "-b", "main");
  git("commit", "-q", "--allow-empty", "-m", "theirs");
  const before = git("rev-parse", "main");
  vi.stubEnv("TMPDIR", theirs.path);
  vi.stubEnv("GIT_DIR", `${theirs.path}/.git`);
  vi.stubEnv("GIT_INDEX_FILE", `${theirs.path}/.git/index`);
  const end = setup();
  using ours = aGitRepository();
  const tree = ours.git(["mktree"]).trim();
  ours.git(["update-ref", "refs/heads/main", ours.git([...person, "commit-tree", tree, "-m", "ours"]).trim()]);
  end();
  expect([git("rev-parse", "main"), git("config", "core.bare").trim()]).toEqual([before, "false"]);
});
