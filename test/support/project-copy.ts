import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder } from "./run-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const endWithParent = new URL("end-with-parent.ts", import.meta.url).href;

/** One place in the source and what is put there instead. */
export interface Change {
  readonly file: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
}

/** A change that applied nowhere, or in two places, would prove nothing. Throws an Error that names the file. */
export const changedText = (text: string, { file, from, to }: Change): string => {
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
  return text.replace(from, () => to);
};

/** Which tests to run: files by part of their path, and of them the tests whose full names match. */
export interface Suites {
  readonly config: string;
  readonly files: readonly string[];
  /** A regular expression. */
  readonly names?: string;
  /** Ends with the first failure. */
  readonly bail?: boolean;
}

/** One test, as vitest's JSON reporter tells of it. */
export interface Told {
  /** Path from the root of the project. */
  readonly file: string;
  readonly name: string;
  readonly status: string;
  /** Of one that failed: what it threw. */
  readonly failure?: string;
}

export interface Report {
  readonly failed: readonly Told[];
  readonly passed: readonly Told[];
  /** What vitest said of files that could not be loaded. */
  readonly unloaded: readonly string[];
}

interface WrittenReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const reportOf = ({ testResults }: WrittenReport, folder: string): Report => {
  const told = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName, failureMessages }) => ({
      file: name.slice(folder.length + 1),
      name: fullName,
      status,
      failure: failureMessages.join("\n"),
    })),
  );
  return {
    failed: told.filter(({ status }) => status === "failed"),
    passed: told.filter(({ status }) => status === "passed"),
    unloaded: testResults.filter(({ assertionResults }) => assertionResults.length === 0).map(({ message }) => message),
  };
};

/** Longest run of one suite, ms: a change may make the product turn in a circle that no test's time-out ends. */
const longestRunMs = 20 * 60_000;

interface Run {
  readonly args: readonly string[];
  readonly cwd: string;
  /** For its temporary folders: what a suite that is killed leaves is in it. */
  readonly temporary: string;
}

/** Ends a process and what it started in its process group. */
const endGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
};

/** Resolves with the last of what a run said to stderr. In a group of its own it hears nothing that the terminal sends. */
const untilEnded = ({ args, cwd, temporary }: Run, signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, TMPDIR: temporary };
    const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ["ignore", "ignore", "pipe"] });
    const end = (): void => endGroup(child);
    const timer = setTimeout(end, longestRunMs);
    signal.addEventListener("abort", end);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2_000);
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve(said);
    });
  });

const argumentsOf = (folder: string, { config, files, names, bail = false }: Suites): string[] => [
  "--disable-warning=ExperimentalWarning",
  "--import",
  endWithParent,
  join(root, "node_modules/vitest/vitest.mjs"),
  "run",
  "--config",
  config,
  "--root",
  folder,
  ...files,
  ...(names === undefined ? [] : ["-t", names]),
  ...(bail ? ["--bail", "1"] : []),
];

/** For `Suites.names`: a title, or part of one, as it is. */
export const literally = (title: string): string => title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * Runs suites in `folder`, the project or a copy of it, until they end or `signal` is aborted. A run that ended without a
 * report, because it took twenty minutes or its process broke down, throws an Error with the last of what it said.
 */
export const runSuites = async (folder: string, suites: Suites, signal: AbortSignal): Promise<Report> => {
  signal.throwIfAborted();
  const temporary = mkdtempSync(join(tmpdir(), "casenotes-suite-"));
  try {
    const report = join(temporary, "report.json");
    const args = [...argumentsOf(folder, suites), "--reporter=json", `--outputFile=${report}`];
    const said = await untilEnded({ args, cwd: folder, temporary }, signal);
    signal.throwIfAborted();
    return writtenReport(report, folder, said);
  } finally {
    removeFolder(temporary);
  }
};

const writtenReport = (path: string, folder: string, said: string): Report => {
  try {
    return reportOf(JSON.parse(readFileSync(path, "utf8")) as WrittenReport, folder);
  } catch (cause) {
    throw new Error(`vitest wrote no report: ${said}`, { cause });
  }
};

/** The project's files, without those that Git ignores, as they are now, in a folder of their own; its packages are the project's. */
export const copyProject = () => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-copy-"));
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (!stdout) throw new Error("`git ls-files` names no file: run this in a clone of the repository");
  for (const name of stdout.split("\0").filter((one) => one !== "" && existsSync(join(root, one))))
    cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return {
    path: folder,
    /** Runs suites on the copy with one change, and takes it back. */
    runChanged: async (change: Change, suites: Suites, signal: AbortSignal): Promise<Report> => {
      const file = join(folder, change.file);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, changedText(text, change));
      try {
        return await runSuites(folder, suites, signal);
      } finally {
        writeFileSync(file, text);
      }
    },
    [Symbol.dispose]: () => removeFolder(folder),
  };
};
