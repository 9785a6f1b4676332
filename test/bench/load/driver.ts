import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { JobResult, LoadJob } from "./jobs.ts";

/** A process that makes load; one job at a time. */
export interface Driver extends AsyncDisposable {
  /** Rejects when a connection ends before its answer, or the driver does. */
  run(job: LoadJob): Promise<JobResult>;
}

interface Told {
  readonly result?: JobResult;
  readonly failure?: string;
}

export const startDriver = (): Driver => {
  const child = fork(fileURLToPath(new URL("driver-process.ts", import.meta.url)), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error("the load driver ended"));
        child.once("exit", ended);
        child.once("message", ({ result, failure }: Told) => {
          child.off("exit", ended);
          if (result === undefined) reject(new Error(`the load driver failed: ${failure ?? "no reason given"}`));
          else resolve(result);
        });
        child.send(job);
      }),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, "exit");
    },
  };
};
