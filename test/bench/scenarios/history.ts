import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { historyOf, verifyHistories } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

const run = promisify(execFile);

const sizes = { quick: [20, 1_000], full: [20, 1_000, 10_000] };

/** Clones with stock git, and reads the whole history in pages of a hundred. */
const measure = async (bench: Bench): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  for (const commits of bench.quick ? sizes.quick : sizes.full) {
    bench.progress(`${commits} commits`);
    const [file] = await bench.stage.grown(commits);
    const { patientId } = file!;
    figures.push({
      name: `git clone, ${commits.toLocaleString("en-US")} commits`,
      value: await cloneMs(bench, patientId, commits),
      unit: "ms",
    });
    const began = performance.now();
    await historyOf(bench.stage.service, patientId);
    const pagedMs = performance.now() - began;
    if (commits >= 1_000) figures.push(pagedFigure(commits, pagedMs));
    await verifyHistories(bench.stage, [patientId]);
  }
  return figures;
};

const pagedFigure = (commits: number, ms: number): Figure => ({
  name: `history of ${commits.toLocaleString("en-US")} commits, paged through`,
  value: ms,
  unit: "ms",
  ...(commits === 10_000 && { target: { at: "most", value: 1_000 } as const }),
  note: `${Math.ceil(commits / 100)} requests one after the other`,
});

const cloneMs = async ({ stage: { service } }: Bench, patientId: string, commits: number): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), "casenotes-bench-"));
  const git = (...args: readonly string[]) =>
    run("git", args, { env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1", HOME: folder, GIT_TERMINAL_PROMPT: "0" } });
  try {
    const target = join(folder, "record");
    const header = `http.extraHeader=Authorization: Bearer ${await service.token()}`;
    const began = performance.now();
    await git("-c", header, "clone", "-q", `${service.url}/git/${patientId}.git`, target);
    const ms = performance.now() - began;
    const { stdout } = await git("-C", target, "rev-list", "--count", "HEAD");
    if (Number(stdout) !== commits) throw new Error(`a clone has ${stdout.trim()} commits instead of ${commits}`);
    return ms;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const history: Scenario = { name: "history", measure };
