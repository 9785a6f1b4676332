import { readArguments, usage } from "../copy/copy-arguments.ts";
import { copyRecords } from "../copy/copy-records.ts";
import { PlaceUnusable } from "../copy/not-copied.ts";
import { openPlaces } from "../copy/open-place.ts";
import { complaints, reportText } from "../copy/report-text.ts";
import { UsageError } from "../read-flags.ts";
import { resultCode, resultCodes } from "../sqlite/sql.ts";
import { progressBar, type ProgressBar } from "../sample/progress-bar.ts";

/** A bar on a terminal; elsewhere a line for each tenth. */
const progress = () => {
  const { stderr } = process;
  const stream = { isTTY: stderr.isTTY === true, columns: stderr.columns, write: (text: string) => stderr.write(text) };
  let bar: ProgressBar | undefined;
  let told = 0;
  return {
    show: (done: number, total: number): void => {
      (bar ??= progressBar(stream, total)).show(done, "patients");
      const tenths = Math.floor((10 * done) / total);
      if (!stream.isTTY && tenths > told) stderr.write(`${done}/${total} patients\n`);
      told = tenths;
    },
    end: (): void => bar?.end(),
  };
};

const main = async (): Promise<number> => {
  const asked = readArguments(process.argv.slice(2));
  if (asked === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const startedAt = performance.now();
  const { close, ...copying } = await openPlaces(asked);
  const { show, end } = progress();
  try {
    const report = await copyRecords(copying, { concurrency: asked.concurrency, onProgress: show }).finally(end);
    process.stdout.write(reportText(report, performance.now() - startedAt));
    process.stderr.write(complaints(report));
    return report.notCopied.length === 0 ? 0 : 1;
  } finally {
    await close();
  }
};

try {
  process.exitCode = await main();
} catch (cause) {
  if (cause instanceof UsageError) process.stderr.write(`${cause.message}\n\n${usage}`);
  else if (cause instanceof PlaceUnusable) process.stderr.write(`${cause.message}\n`);
  else if (resultCode(cause) === resultCodes.corrupt)
    process.stderr.write("A database is damaged: run doctor on both.\n");
  else throw cause;
  process.exitCode = 2;
}
