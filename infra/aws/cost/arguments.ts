import { readFlags, UsageError } from "../../local/read-flags.ts";

export const usage = `What a month on AWS costs, from counted requests and a table of prices. Asks nobody.

  npm run -s cost -- [flags]

  --updates N            a month; 0: idle                           1e6
  --batch 1|10           updates of one patient in a batch          1
  --patients N           records that are kept                      10000
  --history N            updates that each of them has behind it    100
  --reads-per-update R   files read for each update                 0
  --polls N              reads of its row by a client that waits    3
  --traced               in a stage that traces, as dev does        no
  --region-prices FILE   another table of prices                    infra/aws/cost/prices.json
  --json                 the bill as JSON                           text

Exit code: 0, or 2 when the flags are wrong. How it is computed: docs/performance.md, Requests and dollars.
`;

const options = {
  updates: { type: "string", default: "1e6" },
  batch: { type: "string", default: "1" },
  patients: { type: "string", default: "10000" },
  history: { type: "string", default: "100" },
  "reads-per-update": { type: "string", default: "0" },
  polls: { type: "string", default: "3" },
  traced: { type: "boolean", default: false },
  "region-prices": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** What is asked for; numbers of updates and reads are those of a month. */
export interface Workload {
  readonly updates: number;
  readonly batch: 1 | 10;
  readonly patients: number;
  readonly history: number;
  readonly readsPerUpdate: number;
  readonly polls: number;
  /** Whether functions ask X-Ray (`traces` in infra/aws/stages.ts). */
  readonly traced: boolean;
}

export interface CostArguments {
  readonly workload: Workload;
  readonly prices: string | undefined;
  readonly json: boolean;
}

const most = 1e12;

const numberOf = (flag: string, text: string): number => {
  const value = /^\d+(?:\.\d+)?(?:e\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new UsageError(`--${flag} must be a number from 0 to 1e12, such as 1e6.`);
};

/** Reads the command line. Throws UsageError. */
export const readArguments = (args: readonly string[]): CostArguments | "help" => {
  const flags = readFlags(args, options);
  if (flags.help) return "help";
  const { batch } = flags;
  if (batch !== "1" && batch !== "10") throw new UsageError("--batch must be 1 or 10: those are what was counted.");
  const workload: Workload = {
    updates: numberOf("updates", flags.updates),
    batch: batch === "1" ? 1 : 10,
    patients: numberOf("patients", flags.patients),
    history: numberOf("history", flags.history),
    readsPerUpdate: numberOf("reads-per-update", flags["reads-per-update"]),
    polls: numberOf("polls", flags.polls),
    traced: flags.traced,
  };
  return { workload, prices: flags["region-prices"], json: flags.json };
};
