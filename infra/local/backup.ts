import { chmodSync, closeSync, linkSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { databaseFile } from "./data-folder.ts";
import { openToRead } from "./sqlite/open-to-read.ts";
import { checkOurs, explained } from "./sqlite/unusable-database.ts";

/** Told how far a backup is, in pages of the database. */
export type Progress = (done: number, total: number) => void;

/** Pages copied before the event loop and the progress bar get a turn. */
const pagesAtOnce = 256;

const isDatabase = (name: string): boolean => name.startsWith("casenotes.db");

/** Keys and names: the small files beside the database. */
const addFiles = (to: DatabaseSync, folder: string): number => {
  to.exec("CREATE TABLE backup_files (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
  const insert = to.prepare("INSERT INTO backup_files (name, bytes) VALUES (?, ?)");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  let added = 0;
  for (const file of files.filter(({ name }) => !isDatabase(name))) {
    const path = join(file.parentPath, file.name);
    insert.run(path.slice(folder.length + 1), readFileSync(path));
    added += 1;
  }
  return added;
};

const copyDatabase = async (from: DatabaseSync, path: string, progress: Progress): Promise<void> => {
  // One read transaction for the whole copy: without it, each commit of the service would start the copy again.
  from.exec("BEGIN");
  from.prepare("SELECT 1 FROM sqlite_schema").get();
  await backup(from, path, {
    rate: pagesAtOnce,
    progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages),
  });
  from.exec("ROLLBACK");
};

/** What a backup holds. */
export interface BackupContent {
  readonly patients: number;
  readonly operations: number;
  readonly files: number;
}

const contentOf = (db: DatabaseSync, files: number): BackupContent => {
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  return { patients: count("summaries"), operations: count("operations"), files };
};

const writeBackup = async (
  from: DatabaseSync,
  { folder, draft }: { readonly folder: string; readonly draft: string },
  progress: Progress,
): Promise<BackupContent> => {
  await copyDatabase(from, draft, progress);
  const to = new DatabaseSync(draft);
  try {
    // One file that can be carried away: no log beside it.
    to.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
    return contentOf(to, addFiles(to, folder));
  } finally {
    to.close();
  }
};

const publish = async (
  from: DatabaseSync,
  { folder, draft, file }: { readonly folder: string; readonly draft: string; readonly file: string },
  progress: Progress,
): Promise<BackupContent> => {
  try {
    chmodSync(draft, 0o600);
    const content = await writeBackup(from, { folder, draft }, progress);
    linkSync(draft, file);
    return content;
  } finally {
    rmSync(draft, { force: true });
  }
};

/**
 * Copies a data folder, as it is at one moment, into one new file (mode 0600), while the service runs or not. Throws an
 * Error for a folder without a database (code ENOENT) and for a file that exists (code EEXIST), and
 * NotReadableHere for a log in a folder that cannot be written to, and UnusableDatabase; then it leaves nothing.
 */
export const backUp = async (folder: string, file: string, progress: Progress): Promise<BackupContent> => {
  closeSync(openSync(databaseFile(folder), "r"));
  const from = openToRead(databaseFile(folder));
  const draft = `${file}.partial`;
  try {
    checkOurs(from, databaseFile(folder));
    closeSync(openSync(draft, "wx", 0o600));
    return await publish(from, { folder, draft, file }, progress);
  } catch (error) {
    throw explained(error, databaseFile(folder));
  } finally {
    from.close();
  }
};
