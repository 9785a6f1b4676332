import { UsageError } from "./read-flags.ts";

/** Runs a command; of a command line that makes no sense it says so in a line, then the usage text, with exit code 2. */
export const orUsage = async (usage: string, main: () => void | Promise<void>): Promise<void> => {
  try {
    await main();
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    process.stderr.write(`${cause.message}\n\n${usage}`);
    process.exitCode = 2;
  }
};
