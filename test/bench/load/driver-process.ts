import { runJob, type LoadJob } from "./jobs.ts";

/** A load driver: its CPU is its own, so that what the service needs can be told from it. */
process.on("message", (job: LoadJob) => {
  runJob(job).then(
    (result) => process.send?.({ result }),
    (cause: unknown) => process.send?.({ failure: cause instanceof Error ? cause.message : String(cause) }),
  );
});
process.on("disconnect", () => process.exit(0));
