import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { examineAll, noCounts, type DoctorOptions, type Report } from "../../../functions/doctor/examine-all.ts";
import { isError, notebookOf, type Notebook } from "../../../functions/doctor/finding.ts";
import { createSigner } from "../../../shared/git/signature.ts";
import type { Engine } from "../../../shared/ports.ts";
import { databaseFile, readIfThere } from "../data-folder.ts";
import { checkAsked } from "./check-asked.ts";
import { checkDatabase } from "./check-database.ts";
import { UsageError } from "../read-flags.ts";
import type { DoctorArguments } from "./doctor-arguments.ts";
import { NotReadableHere } from "../sqlite/open-to-read.ts";
import { openReadOnlyEngine } from "./read-only-engine.ts";
import { serveRecords } from "./record-server.ts";
import { isInstalled, stockGit } from "./stock-git.ts";

export type OnProgress = NonNullable<DoctorOptions["onProgress"]>;

/** The public half of the folder's signing key, for whoever committed; undefined, and a note, where it cannot be used. */
const allowedSignersOf = async (data: string, notes: Notebook): Promise<string | undefined> => {
  const skip = (why: string): undefined => {
    notes.add("skipped", "signatures", `They were not verified: ${why}.`);
  };
  if (!(await isInstalled("ssh-keygen", ["-?"]))) return skip("ssh-keygen is not installed");
  const privateKeyPem = await readIfThere(join(data, "signing-key.pem"));
  if (privateKeyPem === undefined) return skip("the data folder has no signing-key.pem");
  const read = () => createSigner({ privateKeyPem, committer: { name: "", email: "" } }).publicKeyLine;
  const key = await notes.attempt("git-signature-bad", "signing-key.pem", read);
  return key === undefined ? undefined : `* namespaces="git" ${key}`;
};

/** An engine that is examined, a folder of this run's own, and where findings go that concern no patient. */
export interface Examination {
  readonly engine: Engine;
  readonly folder: string;
  readonly notes: Notebook;
}

interface Opened extends Examination {
  readonly db: DatabaseSync;
}

/** Runs `examine` with stock git beside it, where that is asked for and installed. */
export const withStockGit = async (
  { git, data }: DoctorArguments,
  { engine, folder, notes }: Examination,
  examine: (over: Pick<DoctorOptions, "secondOpinion">) => Promise<Report>,
): Promise<Report> => {
  const skip = (why: string): Promise<Report> => {
    notes.add("skipped", "stock git", `Nothing was cloned with stock git: ${why}.`);
    return examine({});
  };
  if (!git) return skip("--no-git was given");
  if (!(await isInstalled("git", ["--version"]))) return skip("git is not installed");
  const allowedSigners = await allowedSignersOf(data, notes);
  const server = await serveRecords(engine);
  try {
    return await examine({ secondOpinion: await stockGit({ folder, server, allowedSigners }) });
  } finally {
    await server.close();
  }
};

const examineOpened = async (asked: DoctorArguments, opened: Opened, onProgress: OnProgress): Promise<Report> => {
  const { engine, db, folder, notes } = opened;
  await checkAsked(engine, asked.data, asked.patients ?? []);
  const database = await checkDatabase(db);
  const options = { ports: engine, folder, now: Date.now, onProgress };
  const { patients } = asked;
  const report = await withStockGit(asked, opened, (over) =>
    examineAll({ ...options, ...over, ...(patients === undefined ? {} : { patients }) }),
  );
  const findings = [...notes.findings, ...database, ...report.findings];
  return { ...report, findings, healthy: !findings.some(isError) };
};

/** The database; undefined, and a finding, where it is damaged. */
const openOrNote = async (file: string, notes: Notebook) => {
  try {
    return await openReadOnlyEngine(file);
  } catch (cause) {
    if (cause instanceof NotReadableHere) throw new UsageError(cause.message, { cause });
    return notes.attempt("store-damaged", "database", () => Promise.reject(cause));
  }
};

/**
 * Examines a data folder of the embedded engine, in use or not; changes nothing in it. Whatever is damaged is a finding.
 * Throws UsageError when there is no database, or one that cannot be read where it is, and
 * for a patient that the folder knows nothing of.
 */
export const examineDataFolder = async (asked: DoctorArguments, onProgress: OnProgress): Promise<Report> => {
  const file = databaseFile(asked.data);
  if (!existsSync(file))
    throw new UsageError(
      `There is no data in ${asked.data}: npm start makes it; for another folder give --data, or set CASENOTES_DATA.`,
    );
  const notes = notebookOf(null);
  const opened = await openOrNote(file, notes);
  if (opened === undefined) return { healthy: false, findings: notes.findings, counts: noCounts };
  const folder = await mkdtemp(join(tmpdir(), "casenotes-doctor-"));
  try {
    return await examineOpened(asked, { ...opened, folder, notes }, onProgress);
  } finally {
    await opened.engine.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};
