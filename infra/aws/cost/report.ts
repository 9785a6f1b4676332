import { forPatients, forStage, forUpdates, priced, requestsPerUpdate, storagePerUpdate, type Units } from "./bill.ts";
import type { Workload } from "./arguments.ts";
import { dollars, type PriceName, type PriceTable } from "./prices.ts";
import type { RequestCounts } from "./request-counts.ts";

const services: Readonly<Record<PriceName, readonly [service: string, what: string]>> = {
  dynamoWriteUnits: ["DynamoDB", "write request units"],
  dynamoReadUnits: ["DynamoDB", "read request units"],
  dynamoStorage: ["DynamoDB", "storage, GB"],
  dynamoRecovery: ["DynamoDB", "point-in-time recovery, GB"],
  s3Puts: ["S3", "PUT and LIST requests"],
  s3Gets: ["S3", "GET requests"],
  s3Storage: ["S3", "storage, GB"],
  sqsRequests: ["SQS", "requests, idle polls too"],
  lambdaRequests: ["Lambda", "invocations"],
  lambdaGbSeconds: ["Lambda", "GB-seconds (estimated)"],
  apiRequests: ["API Gateway", "requests"],
  transferOut: ["Data transfer", "GB out (estimated)"],
  kmsRequests: ["KMS", "requests (estimated)"],
  kmsKeys: ["KMS", "keys"],
  logIngestion: ["CloudWatch", "logs taken in, GB (estimated)"],
  logStorage: ["CloudWatch", "logs kept, GB (estimated)"],
  metrics: ["CloudWatch", "custom metrics"],
  alarms: ["CloudWatch", "alarms"],
  dashboards: ["CloudWatch", "dashboards"],
  traces: ["X-Ray", "traces, at most"],
  secrets: ["Secrets Manager", "secrets"],
};

interface Line {
  readonly service: string;
  readonly what: string;
  readonly units: number;
  readonly usd: number;
}

/** Storage and database for a million updates, and what issue 5 wants them to cost at most. */
interface Goal {
  readonly batch: 1 | 10;
  readonly requestsUsd: number;
  readonly storageUsd: number;
  readonly atMostUsd: number;
}

export interface Bill {
  readonly workload: Workload;
  readonly region: string;
  readonly pricesOf: string;
  readonly goals: readonly Goal[];
  readonly sections: readonly { readonly title: string; readonly usd: number; readonly lines: readonly Line[] }[];
  readonly usd: number;
}

const million = 1e6;

const ofDatabase = (units: Units): Units =>
  Object.fromEntries(Object.entries(units).filter(([name]) => /^(?:dynamo|s3)/.test(name)));

/** Of clients that do not wait: each poll of one that does is a read request unit more. */
const goalOf = (counts: RequestCounts, prices: PriceTable, batch: 1 | 10): Goal => ({
  batch,
  requestsUsd: million * priced(prices, ofDatabase(requestsPerUpdate(counts, { batch, polls: 0 }))),
  storageUsd: million * priced(prices, ofDatabase(storagePerUpdate(counts, batch))),
  atMostUsd: batch === 1 ? 9 : 3,
});

const section = (prices: PriceTable, title: string, units: Units) => ({
  title,
  usd: priced(prices, units),
  lines: (Object.keys(services) as PriceName[]).flatMap((name): Line[] => {
    const count = units[name] ?? 0;
    const [service, what] = services[name];
    return count === 0 ? [] : [{ service, what, units: count, usd: dollars(prices, name, count) }];
  }),
});

/** The bill of a month; what an idle month costs are its last two sections. */
export const billOf = (counts: RequestCounts, prices: PriceTable, workload: Workload): Bill => {
  const sections = [
    section(prices, "updates and reads", forUpdates(counts, workload)),
    section(prices, "records at rest", forPatients(counts, workload)),
    section(prices, "the stage itself", forStage(counts, workload)),
  ];
  return {
    workload,
    region: prices.region,
    pricesOf: prices.date,
    goals: [goalOf(counts, prices, 1), goalOf(counts, prices, 10)],
    sections,
    usd: sections.reduce((sum, { usd }) => sum + usd, 0),
  };
};

const usdText = (usd: number): string =>
  `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

const count = (units: number): string => units.toLocaleString("en-US", { maximumFractionDigits: units < 100 ? 2 : 0 });

const perMillionText = ({ batch, requestsUsd, storageUsd }: Goal): string =>
  `DynamoDB and S3, a million updates, batch ${String(batch).padStart(2)}: ${usdText(requestsUsd + storageUsd)} (requests ${usdText(requestsUsd)}, a month of storage ${usdText(storageUsd)})`;

/** What a million updates cost, and whether that is the goal, for docs/performance.md. */
export const goalText = (goal: Goal): string => {
  const end = goal.requestsUsd + goal.storageUsd <= goal.atMostUsd ? "met" : "missed";
  return `${perMillionText(goal)}; goal ${usdText(goal.atMostUsd)}: ${end}`;
};

const lineText = ({ service, what, units, usd }: Line): string =>
  `  ${service.padEnd(16)}${what.padEnd(32)}${count(units).padStart(16)}${usdText(usd).padStart(12)}`;

/** The bill for a terminal. */
export const billText = ({ workload, region, pricesOf, goals, sections, usd }: Bill): string => {
  const { updates, batch, patients, history, readsPerUpdate, polls } = workload;
  const [, atRest, stage] = sections;
  const idle = (atRest?.usd ?? 0) + (stage?.usd ?? 0);
  const lines = [
    `Prices of ${region}, ${pricesOf}, without the free tier; another region needs a table of its own: --region-prices FILE.`,
    "",
    ...goals.map(perMillionText),
    "The bill below also has what these leave out: polls, reads of files, and a daily visit of each patient that changed.",
    "",
    `A month of ${count(updates)} updates in batches of ${batch} (${count(readsPerUpdate)} reads and ${count(polls)} polls an update), ${count(patients)} patients with ${count(history)} updates behind each:`,
    ...sections.flatMap((one) => ["", `${one.title}: ${usdText(one.usd)}`, ...one.lines.map(lineText)]),
    "",
    `in all: ${usdText(usd)} a month${updates > 0 ? `, ${usdText((usd / updates) * million)} per million updates` : ""}`,
    `idle: ${usdText(idle)} a month`,
  ];
  return `${lines.join("\n")}\n`;
};
