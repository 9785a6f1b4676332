import { dirname, resolve } from "node:path";
import { backUp, type BackupContent } from "../backup.ts";
import { databaseFile, isErrno } from "../data-folder.ts";
import { progressBar } from "../sample/progress-bar.ts";
import { oneFile } from "../one-file.ts";
import { NotReadableHere } from "../sqlite/open-to-read.ts";
import { UnusableDatabase } from "../sqlite/unusable-database.ts";

const usage = `Copies the data folder (CASENOTES_DATA, default .casenotes) into one new file, while the service runs or not.

  npm run backup -- FILE

FILE holds records and keys: it is readable by its owner only. An existing file is never overwritten.
`;

const isMissing = (cause: unknown, path: string): boolean =>
  cause instanceof Error && isErrno(cause, "ENOENT") && "path" in cause && cause.path === path;

const explained = (cause: unknown, folder: string, file: string): string | undefined => {
  if (isErrno(cause, "EEXIST")) return `${file} (or ${file}.partial) exists: choose another name.\n`;
  if (isMissing(cause, databaseFile(folder))) return `There is no database in ${folder}.\n`;
  if (isMissing(cause, `${file}.partial`)) return `There is no folder ${dirname(file)} for the backup.\n`;
  if (cause instanceof NotReadableHere) return `${cause.message}\n`;
  if (cause instanceof UnusableDatabase) return `${cause.message}.\n`;
  if (cause instanceof Error && "code" in cause && "path" in cause)
    return `${String(cause.path)} cannot be used (${String(cause.code)}).\n`;
  return undefined;
};

const run = async (folder: string, file: string): Promise<BackupContent> => {
  const { stderr } = process;
  const stream = { isTTY: stderr.isTTY, columns: stderr.columns, write: (text: string) => stderr.write(text) };
  let bar: ReturnType<typeof progressBar> | undefined;
  try {
    return await backUp(folder, file, (done, total) => (bar ??= progressBar(stream, total)).show(done, "pages"));
  } finally {
    bar?.end();
  }
};

const main = async (): Promise<void> => {
  const file = oneFile(process.argv.slice(2), usage);
  if (file === undefined) return;
  const folder = resolve(process.env["CASENOTES_DATA"] || ".casenotes");
  try {
    const { patients, operations, files } = await run(folder, file);
    process.stdout.write(
      `${file}: ${patients} patients, ${operations} operations, ${files} files of keys and names.\n`,
    );
  } catch (cause) {
    const text = explained(cause, folder, file);
    if (text === undefined) throw cause;
    process.stderr.write(text);
    process.exitCode = 1;
  }
};

await main();
