import type { Log } from "../../functions/dependencies.ts";

/** One JSON line an event on stderr, which Lambda hands to CloudWatch as it is; metric filters read `event`. */
export const jsonLines: Log = (level, event, fields) => {
  process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
};
