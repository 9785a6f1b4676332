import { readFileSync } from "node:fs";
import { z } from "zod";

const price = z.strictObject({
  usd: z.number().nonnegative(),
  /** So many units cost so much. */
  per: z.number().positive(),
  unit: z.string(),
  page: z.url(),
  /** Where the figure was looked up; "from memory" where nothing was found to check it against. */
  checked: z.string(),
});

const priceNames = [
  "dynamoWriteUnits",
  "dynamoReadUnits",
  "dynamoStorage",
  "dynamoRecovery",
  "s3Puts",
  "s3Gets",
  "s3Storage",
  "sqsRequests",
  "lambdaRequests",
  "lambdaGbSeconds",
  "apiRequests",
  "transferOut",
  "kmsRequests",
  "kmsKeys",
  "logIngestion",
  "logStorage",
  "metrics",
  "alarms",
  "dashboards",
  "traces",
  "secrets",
] as const;

export type PriceName = (typeof priceNames)[number];

const priceTable = z.strictObject({
  region: z.string(),
  date: z.iso.date(),
  currency: z.literal("USD"),
  prices: z.record(z.enum(priceNames), price),
});

export type PriceTable = z.infer<typeof priceTable>;

/** What keeps a price table from being used; its message is for a person. */
export class NotAPriceTable extends Error {
  override readonly name = "NotAPriceTable";
}

export const ownPrices = new URL("prices.json", import.meta.url);

/** Reads a price table. Throws NotAPriceTable. */
export const readPrices = (file: string | URL): PriceTable => {
  try {
    return priceTable.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : "";
    throw new NotAPriceTable(`${String(file)} is no price table:\n${why}`, { cause });
  }
};

/** Dollars for so many units. */
export const dollars = ({ prices }: PriceTable, name: PriceName, units: number): number => {
  const { usd, per } = prices[name];
  return (units * usd) / per;
};
