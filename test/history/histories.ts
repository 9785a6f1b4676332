import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a commit made of one file; null: it was, or is, not there. */
interface Change {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** A commit as stock git shows it. */
export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  /** Its Operation-Id trailers. */
  readonly operations: readonly string[];
  readonly changes: readonly Change[];
}

/** Commits of main, oldest first, by patient. */
export type Histories = ReadonlyMap<string, readonly Commit[]>;

interface Source {
  readonly url: string;
  readonly token: string;
}

/** Processes of git at once. */
const sideBySide = 4;

/** Clones each patient with stock git and reads its whole history; a patient that the service does not know has none. */
export const historiesOf = async (source: Source, patients: Iterable<string>): Promise<Histories> => {
  const home = mkdtempSync(join(tmpdir(), "casenotes-histories-"));
  const left = [...new Set(patients)];
  const histories = new Map<string, readonly Commit[]>();
  const work = async (): Promise<void> => {
    for (let patient = left.pop(); patient !== undefined; patient = left.pop())
      histories.set(patient, await historyOf(source, home, patient));
  };
  try {
    await Promise.all(Array.from({ length: sideBySide }, work));
    return histories;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

const historyOf = async (source: Source, home: string, patient: string): Promise<readonly Commit[]> => {
  const folder = join(home, patient);
  const { PATH = "" } = process.env;
  const env = {
    PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Bearer ${source.token}`,
  };
  try {
    await run("git", ["clone", "-q", "--mirror", `${source.url}/git/${patient}.git`, folder], { env });
  } catch (cause) {
    if (cause instanceof Error && "stderr" in cause && /not found/.test(String(cause.stderr))) return [];
    throw cause;
  }
  const { stdout } = await run("git", ["-C", folder, ...logWords], { env, maxBuffer: 1 << 30 });
  rmSync(folder, { recursive: true, force: true });
  return parseLog(stdout);
};

const logWords = [
  "-c",
  "core.quotePath=false",
  "log",
  "--reverse",
  "--raw",
  "--root",
  "-r",
  "--no-abbrev",
  "--no-renames",
  "--format=%x01%H%x02%P%x02%(trailers:key=Operation-Id,valueonly,separator=%x2C)",
  "refs/heads/main",
];

const wordsIn = (text: string, separator: string): readonly string[] =>
  text.split(separator).filter((word) => word !== "");

const parseLog = (text: string): readonly Commit[] =>
  wordsIn(text, "\u0001").map((entry) => {
    const [head = "", ...lines] = wordsIn(entry, "\n");
    const [id = "", parents = "", operations = ""] = head.split("\u0002");
    return {
      id,
      parents: wordsIn(parents, " "),
      operations: wordsIn(operations, ","),
      changes: lines.map(parseChange),
    };
  });

const nothing = "0".repeat(40);
const orNull = (oid: string | undefined): string | null => (oid === undefined || oid === nothing ? null : oid);

/** `:<mode> <mode> <id> <id> <letter>\t<path>` (git-diff, raw output format). */
const parseChange = (line: string): Change => {
  const tab = line.indexOf("\t");
  const [, , before, after] = line.slice(0, tab).split(" ");
  return { path: line.slice(tab + 1), before: orNull(before), after: orNull(after) };
};
