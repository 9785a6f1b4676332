import { randomUUID } from "node:crypto";
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs";
import { chmod, link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The embedded engine's file in a data folder. */
export const databaseFile = (folder: string): string => join(folder, "casenotes.db");

/** Creates the folder of all data, and what is above it (mode 0700), unless it is there. */
export const makeDataFolder = async (folder: string): Promise<void> => {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeDataFolder(parent);
  try {
    // Not recursive: Node's own way up and down never ends where no folder can be made, as in /proc.
    await mkdir(folder, { mode: 0o700 });
    await chmod(folder, 0o700);
  } catch (cause) {
    if (!isErrno(cause, "EEXIST")) throw cause;
  }
};

/**
 * Throws the operating system's error where the embedded engine could not write to this folder, or to its file there.
 */
export const checkWritable = (folder: string): void => {
  accessSync(folder, constants.W_OK);
  const file = databaseFile(folder);
  if (existsSync(file)) closeSync(openSync(file, "r+"));
};

/**
 * Reads `name` in the data folder, making it first (mode 0600) when it does not exist. Of several processes that start
 * at once one wins, and all return what it wrote: a link to an existing name fails.
 */
export const readOrCreate = async (folder: string, name: string, make: () => Promise<string>): Promise<string> => {
  const path = join(folder, name);
  const existing = await readIfThere(path);
  if (existing !== undefined) return existing;
  const draft = `${path}.${randomUUID()}`;
  await writeDurably(draft, await make());
  try {
    await link(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (!isErrno(cause, "EEXIST")) throw cause;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, "utf8");
};

/** The content of a file; undefined when there is none. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) return undefined;
    throw cause;
  }
};

const writeDurably = async (path: string, content: string): Promise<void> => {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Whether an error is the operating system's, with this code. */
export const isErrno = (cause: unknown, code: string): boolean =>
  cause instanceof Error && "code" in cause && cause.code === code;
