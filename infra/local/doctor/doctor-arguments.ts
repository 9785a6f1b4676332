import { resolve } from "node:path";
import { readFlags, UsageError } from "../read-flags.ts";

export const usage = `Checks every record of a data folder: database, segments, Git history, operations. Changes nothing.

  npm run doctor -- [flags]

  --data DIR       the data folder                     CASENOTES_DATA, or .casenotes
  --patients A,B   only these patients                 all
  --no-git         without stock git                   with it, where it is installed
  --json           the report as JSON                  text

Exit code: 0 nothing is wrong, 1 something is, 2 the flags are wrong, or there is no such data or patient. See docs/doctor.md.
`;

export interface DoctorArguments {
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly json: boolean;
  readonly git: boolean;
  readonly patients: readonly string[] | undefined;
}

const options = {
  data: { type: "string" },
  json: { type: "boolean", default: false },
  patients: { type: "string" },
  "no-git": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const patientsOf = (text: string): readonly string[] => {
  const ids = text.split(",").map((id) => id.trim());
  for (const id of ids) if (!uuid.test(id)) throw new UsageError(`--patients has "${id}", which is no patient's id.`);
  return [...new Set(ids)];
};

/** Reads the command line. Throws UsageError. */
export const readArguments = (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DoctorArguments | "help" => {
  const flags = readFlags(args, options);
  if (flags.help) return "help";
  return {
    data: resolve(flags.data || environment["CASENOTES_DATA"] || ".casenotes"),
    json: flags.json,
    git: !flags["no-git"],
    patients: flags.patients === undefined ? undefined : patientsOf(flags.patients),
  };
};
