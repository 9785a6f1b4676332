import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./is-alive.ts";

/** Removes a folder with all that is in it; what still writes there, because it was killed a moment ago, is waited for. */
export const removeFolder = (path: string): void => rmSync(path, { recursive: true, force: true, maxRetries: 10 });

const isOurs = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.();

/** Removes the folders of runs that were killed: those whose process, named in the folder's name, is gone. */
const removeLeft = (parent: string, name: string): void => {
  for (const entry of readdirSync(parent)) {
    const pid = entry.startsWith(`${name}-`) ? /^(\d+)-/.exec(entry.slice(name.length + 1))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid)) && isOurs(join(parent, entry))) removeFolder(join(parent, entry));
  }
};

/** Makes a folder for a run of this process in `parent`, and removes what runs that were killed have left there. */
export const makeRunFolder = (parent: string, name = "run"): string => {
  removeLeft(parent, name);
  return mkdtempSync(join(parent, `${name}-${process.pid}-`));
};
