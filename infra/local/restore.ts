import { randomUUID } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { writePathDefaults } from "../../functions/config.ts";
import { databaseFile } from "./data-folder.ts";
import { giveBackClaims, openSqliteEngine } from "./sqlite/open-engine.ts";
import { applicationId, schemaVersion } from "./sqlite/schema.ts";

/** Why a backup cannot be restored; shown to the operator. */
export class RestoreRefused extends Error {
  override readonly name = "RestoreRefused";
}

type FileRow = { name: string; bytes: Uint8Array };

const refuseUnlessEmpty = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length === 0) return;
  throw new RestoreRefused(`${folder} is not empty: choose another folder (CASENOTES_DATA), or empty it yourself`);
};

const refuseUnlessBackup = (db: DatabaseSync, file: string): void => {
  const refuse = (why: string): never => {
    throw new RestoreRefused(`${file} ${why}`);
  };
  try {
    const application = db.prepare("PRAGMA application_id").get()?.["application_id"];
    const hasFiles = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'backup_files'").get() !== undefined;
    if (application !== applicationId || !hasFiles) refuse("is not a backup of Casenotes");
    if (Number(db.prepare("PRAGMA user_version").get()?.["user_version"]) > schemaVersion) {
      refuse("was made by a newer Casenotes: upgrade this one");
    }
    if (db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] !== "ok") refuse("is damaged");
  } catch (cause) {
    if (cause instanceof RestoreRefused) throw cause;
    throw new RestoreRefused(`${file} is damaged or not a backup of Casenotes`, { cause });
  }
};

const writeFiles = (db: DatabaseSync, folder: string): number => {
  const rows = db.prepare("SELECT name, bytes FROM backup_files").all() as FileRow[];
  for (const { name, bytes } of rows) {
    if (normalize(name) !== name || name.startsWith("..") || name.startsWith("/")) {
      throw new RestoreRefused("the backup names a file outside the data folder");
    }
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, bytes, { mode: 0o600, flag: "wx", flush: true });
  }
  db.exec("DROP TABLE backup_files");
  return rows.length;
};

/** Nobody who held a lease or a claim when the backup was made holds it here. */
const endClaims = async (file: string): Promise<void> => {
  const { leaseMs, visibilityS, maxReceiveCount } = writePathDefaults;
  const times = { leaseMs, visibilityS, maxReceiveCount };
  const given = { now: Date.now, random: Math.random, newId: randomUUID, reach: () => undefined };
  const engine = await openSqliteEngine({ file, ...times, ...given });
  await giveBackClaims(engine, () => false);
  await engine.close();
};

/** Restores a backup into an empty data folder. Throws RestoreRefused for anything else; then the folder stays empty. */
export const restore = async (file: string, folder: string): Promise<{ readonly files: number }> => {
  refuseUnlessEmpty(folder);
  const draft = join(folder, `casenotes.db.${randomUUID()}`);
  try {
    copyFileSync(file, draft);
    chmodSync(draft, 0o600);
    const db = new DatabaseSync(draft);
    try {
      refuseUnlessBackup(db, file);
      const files = writeFiles(db, folder);
      db.close();
      await endClaims(draft);
      renameSync(draft, databaseFile(folder));
      return { files };
    } finally {
      if (db.isOpen) db.close();
    }
  } catch (cause) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    throw cause;
  }
};
