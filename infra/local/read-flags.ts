import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** Thrown for a command line that makes no sense; its message is for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Values of the flags that a command takes; no other flag, and nothing beside flags. Throws UsageError. */
export const readFlags = <const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) => {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
};
