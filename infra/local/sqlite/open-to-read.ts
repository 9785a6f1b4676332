import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { resultCode, resultCodes } from "./sql.ts";
import { explained } from "./unusable-database.ts";

/** Opening may meet a process that recovers the file. */
const openTimeoutMs = 5_000;

/** Thrown where only writing would make a database readable; its message names the file and the remedy. */
export class NotReadableHere extends Error {
  override readonly name = "NotReadableHere";
}

const openAndRead = (location: string | URL): DatabaseSync => {
  const db = new DatabaseSync(location, { readOnly: true, timeout: openTimeoutMs });
  try {
    db.prepare("SELECT 1 FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const isUnwritable = (error: unknown): boolean => {
  const code = resultCode(error);
  return code === resultCodes.cannotOpen || code === resultCodes.readOnly;
};

const hasLog = (file: string): boolean => (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/**
 * Opens a database file that exists for reading, whoever else has it open; also in a folder that cannot be written to,
 * where SQLite cannot make the index of a log (https://sqlite.org/wal.html#readonly): without a log the file is whole
 * and is read as one that nobody changes. Throws NotReadableHere when there is a log, and
 * UnusableDatabase for a file that is damaged or no database.
 */
export const openToRead = (file: string): DatabaseSync => {
  try {
    return openAndRead(file);
  } catch (error) {
    if (!isUnwritable(error)) throw explained(error, file);
    if (hasLog(file)) {
      const remedy = "copy the folder to a place that can be written to, and use the copy";
      throw new NotReadableHere(`${file} has a log beside it, but its folder cannot be written to: ${remedy}.`, {
        cause: error,
      });
    }
    const location = pathToFileURL(file);
    location.searchParams.set("immutable", "1");
    return openAndRead(location);
  }
};
