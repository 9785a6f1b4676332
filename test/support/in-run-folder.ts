import { constants, tmpdir } from "node:os";
import { forgetRepository } from "./forget-repository.ts";
import { makeRunFolder, removeFolder } from "./run-folder.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/** Rejects when the signal is aborted: to be raced with what does not listen to it. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const ended = (): void => reject(signal.reason);
    if (signal.aborted) ended();
    else signal.addEventListener("abort", ended, { once: true });
  });

/**
 * Runs a command whose temporary folders, and those of the processes it starts, are in one that is removed in the end. SIGINT
 * and SIGTERM abort `signal`; when `work` has thereupon ended what it started, the exit code is 130 or 143.
 */
export const inRunFolder = async (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  const controller = new AbortController();
  let exitCode: number | undefined;
  // npm passes a signal on that the terminal has sent to all, so it may come twice.
  const end = (name: (typeof signals)[number]): void => {
    if (exitCode !== undefined) return;
    exitCode = 128 + constants.signals[name];
    process.stderr.write(`${name}: ending what was started …\n`);
    controller.abort();
  };
  for (const name of signals) process.on(name, end);
  forgetRepository();
  const folder = makeRunFolder(tmpdir(), "casenotes-run");
  process.env["TMPDIR"] = folder;
  try {
    await work(controller.signal);
  } catch (cause) {
    if (exitCode === undefined) throw cause;
  } finally {
    removeFolder(folder);
    // With a signal, the listeners stay until the end: one that comes again would have its own way with the process.
    if (exitCode === undefined) for (const name of signals) process.off(name, end);
  }
  // What does not listen to the signal would go on.
  if (exitCode !== undefined) process.exit(exitCode);
};
