import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aFolder } from "../support/engines.ts";
import { makeRunFolder } from "../support/run-folder.ts";

const module = new URL("../support/run-folder.ts", import.meta.url).href;

test("a new run removes the folder of one that was killed, and those of runs that live stay", () => {
  using cache = aFolder();
  const code = `import(process.argv[1]).then(({ makeRunFolder }) => {
    console.log(makeRunFolder(process.argv[2]));
    process.kill(process.pid, "SIGKILL");
  })`;
  const args = ["--disable-warning=ExperimentalWarning", "-e", code, module, cache.path];
  const killed = spawnSync(process.execPath, args, { encoding: "utf8" }).stdout.trim();
  writeFileSync(join(killed, "left"), "");
  const venv = join(cache.path, "venv");
  mkdirSync(venv);
  const mine = makeRunFolder(cache.path);
  const another = makeRunFolder(cache.path);
  expect([killed, mine, another, venv].map((folder) => existsSync(folder))).toEqual([false, true, true, true]);
});
