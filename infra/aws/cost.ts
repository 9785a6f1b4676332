import { UsageError } from "../local/read-flags.ts";
import { readArguments, usage } from "./cost/arguments.ts";
import { NotAPriceTable, ownPrices, readPrices } from "./cost/prices.ts";
import { billOf, billText } from "./cost/report.ts";
import { readCounts } from "./cost/request-counts.ts";

/** Beyond it a bill says nothing, and its columns no longer hold the figures. */
const mostUsd = 1e12;

const main = (): void => {
  const asked = readArguments(process.argv.slice(2));
  if (asked === "help") {
    process.stdout.write(usage);
    return;
  }
  const bill = billOf(readCounts(), readPrices(asked.prices ?? ownPrices), asked.workload);
  if (bill.usd > mostUsd) throw new UsageError("That is more than a trillion dollars a month: ask for less.");
  process.stdout.write(asked.json ? `${JSON.stringify(bill, null, 2)}\n` : billText(bill));
};

try {
  main();
} catch (cause) {
  if (!(cause instanceof UsageError) && !(cause instanceof NotAPriceTable)) throw cause;
  process.stderr.write(`${cause.message}\n\n${usage}`);
  process.exitCode = 2;
}
