import { readFileSync } from "node:fs";
import { z } from "zod";

const units = z.record(z.string(), z.number().nonnegative());

const counts = z.object({ requests: units, writeUnits: units, readUnits: units });

const cycle = counts.extend({
  /** Updates from one seal to the next. */
  updates: z.number().int().positive(),
  putBytesPerUpdate: z.number(),
  keptBytesPerUpdate: z.number(),
  /** Bytes that are charged by the month for the row of a settled operation, and for a patient's rows. */
  operationBytes: z.number(),
  patientBytes: z.number(),
});

const requestCounts = z.object({
  "from seal to seal, batch 1": cycle,
  "from seal to seal, batch 10": cycle,
  "compaction of 17 segments": counts,
  "sweep of an idle minute": counts,
  "collect and compact, of a patient at rest": counts,
  "read of a file": counts,
});

export type Counts = z.infer<typeof counts>;
export type Cycle = z.infer<typeof cycle>;
export type RequestCounts = z.infer<typeof requestCounts>;

/** What test/localstack/costs.localstack.ts counted at the client, and compares with each run. */
export const readCounts = (): RequestCounts =>
  requestCounts.parse(JSON.parse(readFileSync(new URL("request-counts.json", import.meta.url), "utf8")));

const total = (of: Readonly<Record<string, number>>): number => Object.values(of).reduce((sum, one) => sum + one, 0);

const ofRequests = ({ requests }: Counts, pattern: RegExp): number =>
  Object.entries(requests).reduce((sum, [call, count]) => sum + (pattern.test(call) ? count : 0), 0);

/** What AWS charges for, summed. */
export interface Charged {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly s3Puts: number;
  readonly s3Gets: number;
  readonly sqsRequests: number;
}

/** Deletions in S3 cost nothing. */
export const chargedFor = (one: Counts): Charged => ({
  writeUnits: total(one.writeUnits),
  readUnits: total(one.readUnits),
  s3Puts: ofRequests(one, /^(?:PutObject|ListObjectsV2)$/),
  s3Gets: ofRequests(one, /^GetObject$/),
  sqsRequests: ofRequests(one, /Message/),
});
