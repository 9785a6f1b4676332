import { PlaceUnusable } from "../copy/not-copied.ts";
import { UsageError } from "../read-flags.ts";
import { readArguments, usage } from "../doctor/doctor-arguments.ts";
import { examineDataFolder } from "../doctor/examine-data-folder.ts";
import { progressBar, type ProgressBar } from "../sample/progress-bar.ts";
import { reportJson, reportText } from "../doctor/report-text.ts";

/** The SDK is loaded only where it is used. */
const examiner = async (): Promise<typeof examineDataFolder> =>
  process.env["CASENOTES_ENGINE"] === "aws" ? (await import("../doctor/examine-aws.ts")).examineAws : examineDataFolder;

const main = async (): Promise<number> => {
  const asked = readArguments(process.argv.slice(2), process.env);
  if (asked === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const { stderr } = process;
  const stream = { isTTY: stderr.isTTY === true, columns: stderr.columns, write: (text: string) => stderr.write(text) };
  let bar: ProgressBar | undefined;
  const show = (done: number, total: number): void => (bar ??= progressBar(stream, total)).show(done, "patients");
  const report = await (await examiner())(asked, show).finally(() => bar?.end());
  process.stdout.write(asked.json ? reportJson(report) : reportText(report));
  return report.healthy ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (cause) {
  if (cause instanceof UsageError) process.stderr.write(`${cause.message}\n\n${usage}`);
  else if (cause instanceof PlaceUnusable) process.stderr.write(`${cause.message}\n`);
  else throw cause;
  process.exitCode = 2;
}
