import { tmpdir } from "node:os";
import { forgetRepository } from "./forget-repository.ts";
import { makeRunFolder, removeFolder } from "./run-folder.ts";

/**
 * Vitest's global setup: all temporary folders of a run in one, which goes in the end, or with the next run if this one is
 * killed; and no repository but the tests' own.
 */
export const setup = (): (() => void) => {
  forgetRepository();
  const folder = makeRunFolder(tmpdir(), "casenotes-tests");
  process.env["TMPDIR"] = folder;
  return () => removeFolder(folder);
};
