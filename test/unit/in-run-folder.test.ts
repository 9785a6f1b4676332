import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { aFolder } from "../support/engines.ts";

const module = new URL("../support/in-run-folder.ts", import.meta.url).href;

/** Makes a temporary folder, says so, and ends when it is told to; it gets the signal once more as it ends. */
const waiting = `import(process.argv[1]).then(({ inRunFolder, untilAborted }) => inRunFolder(async (signal) => {
  process.on("exit", () => process.kill(process.pid, process.argv[2]));
  const timer = setInterval(() => {}, 1_000);
  fs.mkdtempSync(path.join(os.tmpdir(), "a-"));
  console.log("made");
  await untilAborted(signal);
}))`;

test.for([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "a command that gets %s, more than once as npm sends it, leaves no temporary folder and ends with %i",
  async ([signal, code]) => {
    using folder = aFolder();
    const env = { ...process.env, TMPDIR: folder.path };
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "-e", waiting, module, signal], {
      env,
    });
    await once(child.stdout, "data");
    const [run] = readdirSync(folder.path);
    expect(readdirSync(`${folder.path}/${run}`)).toHaveLength(1);
    const ended = once(child, "exit");
    child.kill(signal);
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(readdirSync(folder.path)).toEqual([]);
  },
);
