import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it lives, and is somebody else's.
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
};

/** Removes the folders in `cache` of runs that were killed: those whose process, named in the folder's name, is gone. */
const removeLeft = (cache: string): void => {
  for (const name of readdirSync(cache)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    // What a killed run started takes a moment to end, and may still write.
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(cache, name), { recursive: true, force: true, maxRetries: 10 });
  }
};

/** Makes a folder for a run of this process, and removes what runs that were killed have left. */
export const makeRunFolder = (cache: string): string => {
  removeLeft(cache);
  return mkdtempSync(join(cache, `run-${process.pid}-`));
};
