import { resolve } from "node:path";
import { parseArgs } from "node:util";

const options = { help: { type: "boolean", short: "h", default: false } } as const;

/**
 * The absolute path of the one FILE on a command line; undefined after `--help` or anything else was answered with the
 * usage text (exit code 0 or 2).
 */
export const oneFile = (args: readonly string[], usage: string): string | undefined => {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    if (values.help) {
      process.stdout.write(usage);
      return undefined;
    }
    const [file] = positionals;
    if (positionals.length === 1 && file) return resolve(file);
    process.stderr.write(`Name one file.\n\n${usage}`);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    process.stderr.write(`${cause.message}\n\n${usage}`);
  }
  process.exitCode = 2;
  return undefined;
};
