import { parseArgs } from "node:util";
import { UsageError } from "../../infra/local/read-flags.ts";

/** The one word on a command line that may have one, and `help`, but no flag; undefined when there is none. Throws UsageError. */
export const partOfName = (args: readonly string[]): string | undefined => {
  const { values, positionals } = parsed(args);
  if (values.help === true) return "help";
  const [part, ...others] = positionals;
  if (part === "" || others.length > 0) throw new UsageError("name one part of a name, in quotes if it has spaces");
  return part;
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: { help: { type: "boolean" } }, strict: true, allowPositionals: true });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
};
