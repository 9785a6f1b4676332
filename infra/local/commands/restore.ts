import { resolve } from "node:path";
import { isErrno } from "../data-folder.ts";
import { oneFile } from "../one-file.ts";
import { restore, RestoreRefused } from "../restore.ts";

const usage = `Restores a backup into an empty data folder (CASENOTES_DATA, default .casenotes). Stop the service first.

  npm run restore -- FILE
`;

const explained = (cause: unknown, file: string): string | undefined => {
  if (cause instanceof RestoreRefused) return `${cause.message}.\n`;
  if (isErrno(cause, "ENOENT")) return `There is no file ${file}.\n`;
  return undefined;
};

const main = async (): Promise<void> => {
  const file = oneFile(process.argv.slice(2), usage);
  if (file === undefined) return;
  const folder = resolve(process.env["CASENOTES_DATA"] || ".casenotes");
  try {
    const { files } = await restore(file, folder);
    process.stdout.write(`${folder}: restored, with ${files} files of keys and names. Start it with npm start.\n`);
  } catch (cause) {
    const text = explained(cause, file);
    if (text === undefined) throw cause;
    process.stderr.write(text);
    process.exitCode = 1;
  }
};

await main();
