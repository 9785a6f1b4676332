import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The commands (```bash) of one section of a document, as they stand there. */
export const commandsOf = (file: string, heading: string): string => {
  const text = readFileSync(join(root, file), "utf8");
  const [, section = ""] = text.split(`\n${heading}\n`);
  const own = section.split(/\n## /)[0] ?? "";
  const blocks = [...own.matchAll(/^```bash\n([^]*?)^```$/gm)].map(([, commands = ""]) => commands);
  if (blocks.length === 0) throw new Error(`${file} has no commands under ${heading}`);
  return blocks.join("\n");
};

/** What git knows of, and what it would add, in a folder of its own: a clone, with this tree's edits. */
export const freshCheckout = () => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-checkout-"));
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of files.toString().split("\0").filter(Boolean)) copyIfThere(file, folder);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
};

const copyIfThere = (file: string, folder: string): void => {
  try {
    cpSync(join(root, file), join(folder, file));
  } catch (cause) {
    // Deleted and not committed yet.
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
};

/** Pastes commands into bash, which stops at the first that fails. */
export const pasted = async (commands: string, cwd: string, env: Readonly<Record<string, string | undefined>>) => {
  const shell = execFile("bash", ["-e", "-o", "pipefail"], { cwd, env, maxBuffer: 1e8 });
  let [stdout, output] = ["", ""];
  shell.stdout!.on("data", (chunk) => (stdout += String(chunk)));
  for (const stream of [shell.stdout!, shell.stderr!]) stream.on("data", (chunk) => (output += String(chunk)));
  shell.stdin!.end(commands);
  await once(shell, "close");
  return { exitCode: shell.exitCode, stdout, output };
};
