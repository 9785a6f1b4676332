import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempDisposableSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const reportOf = ({ testResults }: WrittenReport, folder: string): Report => {
  const told = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((one) => ({ file: name.slice(folder.length + 1), name: one.fullName, status: one.status })),
  );
  return {
    failed: told.filter(({ status }) => status === "failed"),
    passed: told.filter(({ status }) => status === "passed"),
    unloaded: testResults.filter(({ assertionResults }) => assertionResults.length === 0).map(({ message }) => message),
  };
};

/** Longest run of one suite, ms: a change may make the product turn in a circle that no test's time-out ends. */
const longestRunMs = 20 * 60_000;

/**
 * Runs suites in `folder`, the project or a copy of it. A run that ended without a report, because it took twenty minutes or
 * its process broke down, throws an Error with the last of what it said.
 */
export const runSuites = (folder: string, { config, files, names, bail = false }: Suites): Report => {
  using out = mkdtempDisposableSync(join(tmpdir(), "casenotes-report-"));
  const report = join(out.path, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const args = [
    "--disable-warning=ExperimentalWarning",
    "--import",
    endWithParent,
    vitest,
    "run",
    "--config",
    config,
    "--root",
    folder,
    ...files,
  ];
  if (names !== undefined) args.push("-t", names);
  if (bail) args.push("--bail", "1");
  const { stderr } = spawnSync(process.execPath, [...args, "--reporter=json", `--outputFile=${report}`], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: longestRunMs,
  });
  try {
    return reportOf(JSON.parse(readFileSync(report, "utf8")) as WrittenReport, folder);
  } catch (cause) {
    throw new Error(`vitest wrote no report: ${stderr.slice(-2_000)}`, { cause });
  }
};

/** The project's files, without those that Git ignores, as they are now, in a folder of their own; its packages are the project's. */
export const copyProject = () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), "casenotes-copy-"));
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (!stdout) throw new Error("`git ls-files` names no file: run this in a clone of the repository");
  for (const name of stdout.split("\0").filter((one) => one !== "" && existsSync(join(root, one))))
    cpSync(join(root, name), join(folder.path, name));
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  return {
    path: folder.path,
    /** Runs suites on the copy with one change, and takes it back. */
    runChanged: (change: Change, suites: Suites): Report => {
      const file = join(folder.path, change.file);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, changedText(text, change));
      try {
        return runSuites(folder.path, suites);
      } finally {
        writeFileSync(file, text);
      }
    },
    [Symbol.dispose]: () => rmSync(folder.path, { recursive: true, force: true }),
  };
};
