import { copyRecords } from "../../infra/local/copy/copy-records.ts";
import type { CopyStep } from "../../infra/local/copy/copy-record.ts";
import { openPlaces } from "../../infra/local/copy/open-place.ts";

// `npm run copy` from one data folder to another that kills itself, as `kill -9` does, when a step is done for the
// `count`-th time.
export type CopyUntil = readonly [from: string, to: string, step: CopyStep, count: string];

const [from, to, step, count] = process.argv.slice(2) as readonly string[] as CopyUntil;

let left = Number(count);

const reach = (reached: CopyStep): void => {
  if (reached !== step) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
};

const copying = await openPlaces({
  from: { engine: "embedded", folder: from },
  to: { engine: "embedded", folder: to },
  concurrency: 2,
});
await copyRecords({ ...copying, reach }, { concurrency: 2 });
