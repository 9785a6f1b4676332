import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { orUsage } from "../../infra/local/or-usage.ts";
import { readFlags, UsageError } from "../../infra/local/read-flags.ts";
import { inRunFolder } from "../support/in-run-folder.ts";
import { changedText, copyProject, literally, runSuites, type Report, type Told } from "../support/project-copy.ts";
import { allMutants } from "./all-mutants.ts";
import { type Caught, tableOf, withTable } from "./mutant-table.ts";
import type { Mutant } from "./mutant.ts";

const usage = `Breaks a copy of the product, one mistake at a time, and runs the tests that must notice.

  npm run mutants [-- flags]

  --only TEXT   the mutants whose name or guarantee holds it
  --list        the mutants and their tests; breaks nothing
  --write       puts the table into docs/guarantees.md

Exit code: 0, 1 when a mutant is missed, 2 when the flags are wrong.
`;

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = join(root, "docs/guarantees.md");
const config = "test/vitest.config.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const isOf =
  ({ suite, noticedBy }: Mutant) =>
  ({ file, name }: Told): boolean =>
    file === suite && name.includes(noticedBy);

/** Without a mistake, each mutant's tests have to be there, and pass. */
const checkUnbroken = async (folder: string, mutants: readonly Mutant[], signal: AbortSignal): Promise<void> => {
  const names = [...new Set(mutants.map(({ noticedBy }) => literally(noticedBy)))].join("|");
  const files = [...new Set(mutants.map(({ suite }) => suite))];
  const { failed, passed, unloaded } = await runSuites(folder, { config, files, names }, signal);
  const red = [...failed.map(({ file, name }) => `${file}: ${name}`), ...unloaded];
  if (red.length > 0) throw new Error(`red before anything was broken:\n${red.join("\n")}`);
  for (const mutant of mutants)
    if (!passed.some(isOf(mutant))) throw new Error(`${mutant.suite} has no test "${mutant.noticedBy}"`);
};

type Copy = ReturnType<typeof copyProject>;

/** What a mutant replaces has to stand in its file, once. */
const checkPlaces = (mutants: readonly Mutant[]): void => {
  for (const mutant of mutants)
    try {
      changedText(readFileSync(join(root, mutant.file), "utf8"), mutant);
    } catch (cause) {
      throw new Error(`${mutant.name} has no place any more`, { cause });
    }
};

const runBroken = async (copy: Copy, mutant: Mutant, signal: AbortSignal): Promise<Report> => {
  const { suite, noticedBy, name } = mutant;
  const suites = { config, files: [suite], names: literally(noticedBy), bail: true };
  try {
    return await copy.runChanged(mutant, suites, signal);
  } catch (cause) {
    throw new Error(`${name}: no report, so nothing is known`, { cause });
  }
};

/** A mistake that keeps a file from loading is no mistake that a test has noticed. */
const caughtBy = ({ failed, unloaded }: Report, { name }: Mutant): Told | undefined => {
  const [first] = failed;
  if (first === undefined && unloaded.length > 0) throw new Error(`${name}: does not even load: ${unloaded[0]}`);
  return first;
};

const breakEach = async (mutants: readonly Mutant[], signal: AbortSignal): Promise<readonly Caught[]> => {
  checkPlaces(mutants);
  using copy = copyProject();
  say(`without a mistake: ${mutants.length} mutants' tests …`);
  await checkUnbroken(copy.path, mutants, signal);
  say("all green");
  const caught: Caught[] = [];
  for (const [index, mutant] of mutants.entries()) {
    const startedAt = performance.now();
    const by = caughtBy(await runBroken(copy, mutant, signal), mutant);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const place = `${index + 1}/${mutants.length}`.padStart(7);
    say(`${place}  ${by ? "caught" : "MISSED"}  ${mutant.name} (${seconds} s)${by ? `: ${by.name}` : ""}`);
    if (by) caught.push({ mutant, by });
  }
  return caught;
};

const writePage = (table: string): void => {
  writeFileSync(page, withTable(readFileSync(page, "utf8"), table));
  spawnSync(process.execPath, [join(root, "node_modules/oxfmt/bin/oxfmt"), page], { stdio: "inherit" });
};

const run = async (mutants: readonly Mutant[], isToWrite: boolean, signal: AbortSignal): Promise<void> => {
  const caught = await breakEach(mutants, signal);
  const table = tableOf(caught);
  say(`\n${table}\n\n${caught.length} of ${mutants.length} mutants caught`);
  if (caught.length < mutants.length) process.exitCode = 1;
  else if (isToWrite) writePage(table);
};

const options = {
  only: { type: "string", default: "" },
  list: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const main = async (): Promise<void> => {
  const { only, list, write, help } = readFlags(process.argv.slice(2), options);
  if (help) return say(usage);
  if (write && only !== "") throw new UsageError("--write needs the whole table: leave out --only");
  const asked = allMutants.filter(({ name, guarantee }) => guarantee === only || name.includes(only));
  if (asked.length === 0) throw new UsageError(`no mutant is called ${only}: --list names them`);
  if (!list) return inRunFolder((signal) => run(asked, write, signal));
  for (const { guarantee, name, suite, noticedBy } of asked) say(`${guarantee}  ${name}  (${suite}: ${noticedBy})`);
};

await orUsage(usage, main);
