import { orUsage } from "../../infra/local/or-usage.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import { inRunFolder } from "../support/in-run-folder.ts";
import { partOfName } from "../support/part-of-name.ts";
import { copyProject, literally, runSuites, type Report } from "../support/project-copy.ts";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { type Removal, suiteOf } from "./removal.ts";
import { removals } from "./removals.ts";

const usage = `Takes one condition at a time away from the writes of a copy of both engines' stores, and runs the test that must notice.

  npm run test:conditions [-- part of an engine's and a condition's name]

Exit code: 0, 1 when one is missed, 2 when no condition is called so.
`;

const configOf = {
  aws: "test/localstack/vitest.config.ts",
  embedded: "test/vitest.config.ts",
} as const satisfies Record<Removal["engine"], string>;

type Copy = ReturnType<typeof copyProject>;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** With every condition in its place, each one's test has to be there, and pass. */
const checkWhole = async (copy: Copy, asked: readonly Removal[], signal: AbortSignal): Promise<void> => {
  for (const engine of ["embedded", "aws"] as const) {
    const mine = asked.filter((removal) => removal.engine === engine);
    if (mine.length === 0) continue;
    const files = [...new Set(mine.map(suiteOf))];
    const names = [...new Set(mine.map(({ noticedBy }) => literally(noticedBy)))].join("|");
    const { failed, passed, unloaded } = await runSuites(copy.path, { config: configOf[engine], files, names }, signal);
    const red = [...failed.map(({ file, name }) => `${file}: ${name}`), ...unloaded];
    if (red.length > 0) throw new Error(`red with every condition:\n${red.join("\n")}`);
    for (const removal of mine)
      if (!passed.some(({ file, name }) => file === suiteOf(removal) && name.includes(removal.noticedBy)))
        throw new Error(`${suiteOf(removal)} has no test "${removal.noticedBy}"`);
  }
};

/** What a store says of a statement that it does not understand: that would be a mistake of the removal, not its effect. */
const notUnderstood = /SQLITE_ERROR|ERR_SQLITE_ERROR|ValidationException/;

/** Whether a test is red without the condition. */
const isNoticed = async (copy: Copy, removal: Removal, signal: AbortSignal): Promise<boolean> => {
  const suites = { config: configOf[removal.engine], files: [suiteOf(removal)], names: literally(removal.noticedBy) };
  const { failed, passed, unloaded }: Report = await copy.runChanged(removal, suites, signal);
  const wrong = unloaded[0] ?? failed.find(({ failure = "" }) => notUnderstood.test(failure))?.failure;
  if (wrong !== undefined || failed.length + passed.length === 0)
    throw new Error(`without the condition "${removal.condition}" of ${removal.file} nothing works: ${wrong}`);
  return failed.length > 0;
};

const run = async (asked: readonly Removal[], signal: AbortSignal): Promise<void> => {
  using copy = copyProject();
  say(`with every condition: the tests of ${asked.length} removals …`);
  await checkWhole(copy, asked, signal);
  say("all green");
  let noticed = 0;
  for (const removal of asked) {
    const is = await isNoticed(copy, removal, signal);
    if (is) noticed += 1;
    say(`${is ? "noticed" : "MISSED "}  ${removal.engine.padEnd(8)}  ${removal.condition}`);
  }
  const of = (engine: Removal["engine"]): number => asked.filter((removal) => removal.engine === engine).length;
  say(
    `${noticed} of ${asked.length} removals noticed, ${of("embedded")} on the embedded engine and ${of("aws")} on AWS's`,
  );
  if (noticed < asked.length) process.exitCode = 1;
};

const runOnLocalStack = async (asked: readonly Removal[], signal: AbortSignal): Promise<void> => {
  const localStack = await startLocalStack();
  process.env["LOCALSTACK_ENDPOINT"] = localStack.endpoint;
  try {
    await run(asked, signal);
  } finally {
    await localStack.stop();
  }
};

await orUsage(usage, async () => {
  const part = partOfName(process.argv.slice(2));
  if (part === "help") return say(usage);
  const asked = removals.filter(({ engine, condition }) => `${engine} ${condition}`.includes(part ?? ""));
  if (asked.length === 0) throw new UsageError(`no condition's name has "${part}" in it`);
  const isOnAws = asked.some(({ engine }) => engine === "aws");
  await inRunFolder((signal) => (isOnAws ? runOnLocalStack : run)(asked, signal));
});
