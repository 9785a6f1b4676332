import { restRounds } from "../../../functions/collect.ts";
import { entryList } from "../function-plans.ts";
import type { Workload } from "./arguments.ts";
import {
  answerBytes,
  customMetrics,
  gb,
  gbSecondsOf,
  idlePolls,
  kms,
  logBytes,
  logCompression,
  monthS,
  oldVersionsDays,
  tracing,
  waitMsOf,
} from "./assumptions.ts";
import { dollars, type PriceName, type PriceTable } from "./prices.ts";
import { chargedFor, type Charged, type Counts, type Cycle, type RequestCounts } from "./request-counts.ts";

/** Units of a month by what they are priced as. */
export type Units = Partial<Readonly<Record<PriceName, number>>>;

const times = (units: Units, factor: number): Units =>
  Object.fromEntries(Object.entries(units).map(([name, count]) => [name, count * factor]));

const sum = (...all: readonly Units[]): Units => {
  const total: Partial<Record<PriceName, number>> = {};
  for (const units of all)
    for (const [name, count] of Object.entries(units) as [PriceName, number][])
      total[name] = (total[name] ?? 0) + count;
  return total;
};

export const priced = (prices: PriceTable, units: Units): number =>
  (Object.entries(units) as [PriceName, number][]).reduce(
    (all, [name, count]) => all + dollars(prices, name, count),
    0,
  );

const unitsOf = ({ writeUnits, readUnits, s3Puts, s3Gets, sqsRequests }: Charged): Units => ({
  dynamoWriteUnits: writeUnits,
  dynamoReadUnits: readUnits,
  s3Puts,
  s3Gets,
  sqsRequests,
});

const counted = (counts: Counts): Units => unitsOf(chargedFor(counts));

const cycleOf = (counts: RequestCounts, batch: 1 | 10): Cycle =>
  batch === 1 ? counts["from seal to seal, batch 1"] : counts["from seal to seal, batch 10"];

/** A merge takes 17 sealed segments and leaves one, so one is due after 16 seals. */
const sealsPerCompaction = 16;

/** Requests of one update: from seal to seal, its share of a compaction, and the reads of a client that waits. */
export const requestsPerUpdate = (
  counts: RequestCounts,
  { batch, polls }: Pick<Workload, "batch" | "polls">,
): Units => {
  const cycle = cycleOf(counts, batch);
  return sum(
    times(counted(cycle), 1 / cycle.updates),
    times(counted(counts["compaction of 17 segments"]), 1 / (sealsPerCompaction * cycle.updates)),
    { dynamoReadUnits: polls },
  );
};

const tableStorage = (bytes: number): Units => ({ dynamoStorage: bytes / gb, dynamoRecovery: bytes / gb });

/** A month's storage of what one update leaves: its row, its objects, and the tails it replaced while they are kept. */
export const storagePerUpdate = (counts: RequestCounts, batch: 1 | 10): Units => {
  const { operationBytes, putBytesPerUpdate, keptBytesPerUpdate } = cycleOf(counts, batch);
  const replaced = Math.max(0, putBytesPerUpdate - keptBytesPerUpdate) * ((oldVersionsDays * 86_400) / monthS);
  return sum(tableStorage(operationBytes), { s3Storage: (keptBytesPerUpdate + replaced) / gb });
};

const logged = (bytes: number): Units => ({
  logIngestion: bytes / gb,
  logStorage: (bytes * logCompression) / gb,
});

/** What runs the code for one update: gateway, functions, logs. */
const computePerUpdate = ({ batch, polls }: Workload): Units => {
  const invocations = 1 + 2 / batch;
  const submitted = gbSecondsOf("submit", 1, waitMsOf(polls));
  const behind = (gbSecondsOf("commit", batch) + gbSecondsOf("drain", batch)) / batch;
  return sum(
    { apiRequests: 1, transferOut: answerBytes / gb, lambdaRequests: invocations, lambdaGbSeconds: submitted + behind },
    logged(logBytes.request + logBytes.commit + invocations * logBytes.invocation),
  );
};

const perRead = (counts: RequestCounts): Units =>
  sum(
    counted(counts["read of a file"]),
    { apiRequests: 1, transferOut: answerBytes / gb, lambdaRequests: 1, lambdaGbSeconds: gbSecondsOf("read", 1) },
    logged(logBytes.request + logBytes.invocation),
  );

const sampled = (invocations: number): number => {
  const first = Math.min(invocations, tracing.perSecond * monthS);
  return first + (invocations - first) * tracing.share;
};

/** Invocations of each function trace for themselves. */
const traces = ({ updates, batch, readsPerUpdate, traced }: Workload): Units =>
  traced ? { traces: sampled(updates) + 2 * sampled(updates / batch) + sampled(updates * readsPerUpdate) } : {};

const daysPerMonth = monthS / 86_400;

/** A day's round visits who changed: a list of the segments and a second look at the head, once a day however often it changed. */
const visits = ({ updates, patients }: Workload): Units => {
  const changed = Math.min(updates, patients * daysPerMonth);
  return { s3Puts: changed, dynamoReadUnits: changed, lambdaGbSeconds: changed * gbSecondsOf("collect", 1) };
};

/** Units of a month for the updates and the reads of the workload. */
export const forUpdates = (counts: RequestCounts, workload: Workload): Units => {
  const { updates, batch, readsPerUpdate } = workload;
  if (updates === 0) return {};
  const busyKms = ((kms.busyPairs - kms.idlePairs) * monthS) / kms.everyS;
  return sum(
    times(requestsPerUpdate(counts, workload), updates),
    times(storagePerUpdate(counts, batch), updates),
    times(computePerUpdate(workload), updates),
    times(perRead(counts), updates * readsPerUpdate),
    traces(workload),
    visits(workload),
    { kmsRequests: Math.min(busyKms, updates) },
  );
};

/**
 * Units of a month for records that nobody touches: storage, and each day a look at each head by collect and by compact, or
 * collect's visit, whose turn it is once in so many rounds. Collect looks at several at once; it is counted as if it did not.
 */
export const forPatients = (counts: RequestCounts, { patients, history, batch }: Workload): Units => {
  const { patientBytes, operationBytes, keptBytesPerUpdate } = cycleOf(counts, batch);
  const visit = sum(counted(counts["collect and compact, of a patient at rest"]), {
    lambdaGbSeconds: gbSecondsOf("collect", 1) + gbSecondsOf("compact", 1),
  });
  const look: Units = { dynamoReadUnits: 2, lambdaGbSeconds: 2 * gbSecondsOf("compact", 1) };
  const daily = sum(times(visit, 1 / restRounds), times(look, 1 - 1 / restRounds));
  return sum(
    tableStorage(patients * (patientBytes + history * operationBytes)),
    { s3Storage: (patients * history * keptBytesPerUpdate) / gb },
    times(daily, patients * daysPerMonth),
  );
};

/** Units of a month for a stage that is there: its key, alarms, polls and schedules. */
export const forStage = (counts: RequestCounts, { traced }: Pick<Workload, "traced"> = { traced: false }): Units => {
  const minutes = monthS / 60;
  const sweep = sum(counted(counts["sweep of an idle minute"]), logged(logBytes.invocation + logBytes.commit), {
    lambdaRequests: 1,
    lambdaGbSeconds: gbSecondsOf("sweep", 1),
  });
  return sum(times(sweep, minutes), {
    sqsRequests: (idlePolls.queues * idlePolls.pollers * monthS) / idlePolls.everyS,
    ...(traced && { traces: sampled(minutes) }),
    kmsKeys: 1,
    kmsRequests: (kms.idlePairs * monthS) / kms.everyS,
    secrets: 1,
    alarms: 5 + 2 * entryList.length,
    dashboards: 1,
    metrics: customMetrics,
  });
};
