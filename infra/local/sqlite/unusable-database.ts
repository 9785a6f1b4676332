import type { DatabaseSync } from "node:sqlite";
import { applicationId, schemaVersion } from "./schema.ts";
import { resultCode, resultCodes } from "./sql.ts";

/** Thrown for a file that is no database of ours, or not a whole one; its message names the file and the remedy. */
export class UnusableDatabase extends Error {
  override readonly name = "UnusableDatabase";
}

/** SQLite's error as UnusableDatabase where it means that the file is damaged or no database; any other as it is. */
export const explained = (error: unknown, file: string): unknown => {
  const code = resultCode(error);
  if (code !== resultCodes.corrupt && code !== resultCodes.notADatabase) return error;
  const remedy = "restore a backup (npm run restore)";
  return new UnusableDatabase(`${file} is damaged or not a database: ${remedy}`, { cause: error });
};

const read = (db: DatabaseSync, pragma: "user_version" | "application_id"): number =>
  Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);

/** The version of its tables. Throws UnusableDatabase for a database of another program, and for one of a newer version. */
export const checkOurs = (db: DatabaseSync, file: string): number => {
  if (read(db, "application_id") !== applicationId)
    throw new UnusableDatabase(`${file} is a database of another program: choose another data folder`);
  const version = read(db, "user_version");
  if (version > schemaVersion) {
    const versions = `schema ${version}, this one knows ${schemaVersion}`;
    throw new UnusableDatabase(`${file} was written by a newer Casenotes (${versions}): upgrade Casenotes`);
  }
  return version;
};

/** The version of the tables of a file of ours that has yet to be brought up to date; undefined where that cannot be told. */
export const olderVersion = (db: DatabaseSync): number | undefined => {
  try {
    if (read(db, "application_id") !== applicationId) return undefined;
    const version = read(db, "user_version");
    return version < schemaVersion ? version : undefined;
  } catch {
    // A damaged file: whoever reads it tells what is wrong with it.
    return undefined;
  }
};
