import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Report } from "../../functions/doctor/examine-all.ts";

const endWithParent = new URL("end-with-parent.ts", import.meta.url).href;
/** As the service itself does it: making JavaScript of its modules is most of a process's start. */
const compiled = fileURLToPath(new URL("../../.cache/compile", import.meta.url));
const command = fileURLToPath(new URL("../../infra/local/commands/doctor.ts", import.meta.url));

export interface DoctorRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The report, where `--json` was given. */
  readonly report: Report;
}

/** Runs `npm run doctor` as its own process. */
export const runDoctor = (...args: readonly string[]): Promise<DoctorRun> => runDoctorIn({}, ...args);

/** As `runDoctor`, with more in its environment. */
export const runDoctorIn = (
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<DoctorRun> =>
  new Promise((resolve) => {
    const options = {
      env: { ...process.env, NODE_COMPILE_CACHE: compiled, CASENOTES_DATA: "", ...environment },
      maxBuffer: 1 << 26,
    };
    const words = ["--disable-warning=ExperimentalWarning", "--import", endWithParent, command, ...args];
    execFile(process.execPath, words, options, (error, stdout, stderr) => {
      const report: Report = args.includes("--json") && stdout !== "" ? JSON.parse(stdout) : undefined;
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr, report });
    });
  });
