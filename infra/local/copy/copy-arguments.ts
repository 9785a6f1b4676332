import { resolve } from "node:path";
import { readFlags, UsageError } from "../read-flags.ts";

export const usage = `Copies every record, with its operations, from one engine to another; run again, it goes on where it was.

  npm run copy -- --from PLACE --to PLACE [--concurrency N]

  PLACE              embedded:FOLDER   a data folder
                     aws               the tables, queues and bucket that the environment names
  --concurrency N    patients side by side, 1 to 64    8

Exit code: 0 all is copied, 1 some patients are not (each is named), 2 the flags are wrong or a place cannot be used.
See docs/copy.md.
`;

/** Where records are. */
export type Place = { readonly engine: "embedded"; readonly folder: string } | { readonly engine: "aws" };

export interface CopyArguments {
  readonly from: Place;
  readonly to: Place;
  readonly concurrency: number;
}

const options = {
  from: { type: "string" },
  to: { type: "string" },
  concurrency: { type: "string", default: "8" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const mostAtOnce = 64;

const placeOf = (flag: string, text: string | undefined): Place => {
  if (text === "aws") return { engine: "aws" };
  const folder = /^embedded:(.+)$/s.exec(text ?? "")?.[1];
  if (folder !== undefined) return { engine: "embedded", folder: resolve(folder) };
  throw new UsageError(`--${flag} must be embedded:FOLDER or aws.`);
};

/** Reads the command line. Throws UsageError. */
export const readArguments = (args: readonly string[]): CopyArguments | "help" => {
  const flags = readFlags(args, options);
  if (flags.help) return "help";
  const from = placeOf("from", flags.from);
  const to = placeOf("to", flags.to);
  if (from.engine === "aws" && to.engine === "aws")
    throw new UsageError("One of --from and --to must be embedded:FOLDER: the environment names one AWS engine only.");
  const concurrency = Number(flags.concurrency);
  if (!/^[1-9]\d?$/.test(flags.concurrency) || concurrency > mostAtOnce)
    throw new UsageError(`--concurrency must be a number from 1 to ${mostAtOnce}.`);
  return { from, to, concurrency };
};
