import type { Log } from "../../functions/dependencies.ts";

/** One JSON line per event: errors to stderr, the rest to stdout. */
export const jsonLog =
  (process: string, pid: number, write: { readonly out: (line: string) => void; readonly err: (line: string) => void }): Log =>
  (level, event, fields) => {
    const line = `${JSON.stringify({ at: new Date().toISOString(), level, process, pid, event, ...fields })}\n`;
    if (level === "error") write.err(line);
    else write.out(line);
  };
