import { writeSync } from "node:fs";
import type { Log } from "../../functions/dependencies.ts";

export interface FlushingLog {
  readonly log: Log;
  /** Writes what is still buffered, before the process ends. */
  flush(): void;
}

/** JSON lines on stderr, one write per turn of the event loop: a pipe blocks its writer, so it is written to seldom. */
export const jsonLog = (source: string): FlushingLog => {
  let lines = "";
  const flush = () => {
    const text = lines;
    lines = "";
    if (text !== "") writeAll(Buffer.from(text));
  };
  const log: Log = (level, event, fields) => {
    if (lines === "") setImmediate(flush);
    const at = new Date().toISOString();
    lines += `${JSON.stringify({ at, level, source, pid: process.pid, event, ...fields })}\n`;
  };
  return { log, flush };
};

const stderr = 2;

const writeAll = (bytes: Buffer): void => {
  for (let from = 0; from < bytes.length;) {
    try {
      from += writeSync(stderr, bytes, from);
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
      // Nobody reads any more: the lines have no other place to go.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw cause;
    }
  }
};
