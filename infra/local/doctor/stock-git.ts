import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SecondOpinion } from "../../../functions/doctor/examine-patient.ts";
import type { Notebook } from "../../../functions/doctor/finding.ts";
import type { RecordServer } from "./record-server.ts";

export interface StockGitOptions {
  /** A folder of this run's own. */
  readonly folder: string;
  readonly server: RecordServer;
  /** Lines of an SSH allowed-signers file; undefined: signatures are not verified. */
  readonly allowedSigners: string | undefined;
}

/** A git that takes longer than this is stopped, ms. */
const timeoutMs = 120_000;
const mostOutput = 64 * 1024 * 1024;

interface Ended {
  readonly ok: boolean;
  /** Standard output and error, one after the other. */
  readonly text: string;
}

const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env, timeout: timeoutMs, maxBuffer: mostOutput };
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ ok: error === null, text: `${stdout}${stderr}`.trim() }),
    );
  });

/** Whether a program can be started here. */
export const isInstalled = (command: string, args: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: timeoutMs }, (error) => resolve(!(error !== null && error.code === "ENOENT")));
  });

/** No configuration but ours; the token stays out of the arguments, which every user of the machine can list. */
const environment = ({ folder, server: { token } }: StockGitOptions): NodeJS.ProcessEnv => {
  const settings = [
    ["http.extraHeader", `Authorization: Bearer ${token}`],
    ["transfer.fsckObjects", "true"],
    ["gc.auto", "0"],
    ["gpg.ssh.allowedSignersFile", join(folder, "allowed-signers")],
  ];
  const numbered = settings.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ]);
  return {
    PATH: process.env["PATH"],
    HOME: folder,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(numbered),
  };
};

/** The first line that git said; it names objects, refs and reasons, never content. */
const said = ({ text }: Ended): string => `git says: ${text.split("\n")[0] ?? ""}`.slice(0, 200);

/** Clones each record over HTTP with stock git, strictly, and has git check objects and the newest signature. */
export const stockGit = async (options: StockGitOptions): Promise<SecondOpinion> => {
  const { folder, server, allowedSigners } = options;
  const env = environment(options);
  await writeFile(join(folder, "allowed-signers"), `${allowedSigners ?? ""}\n`);
  /** The clone holds the commit that was examined (and by its id all before it), whether or not the head moved since. */
  const check = async (clone: string, commit: string, notes: Notebook): Promise<void> => {
    const fsck = await run("git", ["-C", clone, "fsck", "--strict", "--no-progress"], env);
    if (!fsck.ok || fsck.text !== "") notes.add("git-fsck-failed", "clone", said(fsck));
    const found = await run("git", ["-C", clone, "cat-file", "-e", commit], env);
    if (!found.ok) return notes.add("git-clone-failed", "clone", "The clone lacks the head's commit.");
    if (allowedSigners === undefined) return;
    const verified = await run("git", ["-C", clone, "verify-commit", commit], env);
    if (!verified.ok) notes.add("git-signature-bad", `commit ${commit}`, said(verified));
  };
  return async ({ patientId, head: { commit } }, notes) => {
    if (commit === null) return;
    const clone = join(folder, `${patientId}.clone`);
    try {
      const cloned = await run("git", ["clone", "-q", "--bare", `${server.url}/${patientId}.git`, clone], env);
      if (cloned.ok) await check(clone, commit, notes);
      else notes.add("git-clone-failed", "clone", said(cloned));
    } finally {
      await rm(clone, { recursive: true, force: true });
    }
  };
};
