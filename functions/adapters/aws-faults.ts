import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../shared/errors.ts";

/** The store refused before it did anything: nothing was written. */
const refusedNames: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ReplicatedWriteConflictException",
  "TransactionConflictException",
]);

/** What we sent is wrong: it stays wrong when it is repeated, so it counts against the operation that made us send it. */
const ourMistakes: ReadonlySet<string> = new Set(["ValidationException", "SerializationException"]);

export const isNamed = (cause: unknown, ...names: readonly string[]): cause is Error =>
  cause instanceof Error && names.includes(cause.name);

/** Whether the store says that it wrote nothing, and a repeat may succeed. */
export const wasRefused = (cause: unknown): boolean => cause instanceof Error && refusedNames.has(cause.name);

const statusOf = (cause: Error): number | undefined => {
  if (!("$metadata" in cause)) return undefined;
  const metadata: unknown = cause.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
};

/** Whether the write may have landed or may still land: no answer came, or one that does not say. */
export const mayHaveLanded = (cause: unknown): boolean => {
  if (!(cause instanceof Error) || wasRefused(cause)) return false;
  const status = statusOf(cause);
  return status === undefined || status < 400 || status >= 500;
};

/**
 * The fault that the write path takes an SDK error as: transient, whatever it is, unless what we sent is to blame. A table
 * that is missing, a right that was taken away, credentials that ran out are trouble of the deployment: operations wait for
 * its end, and none is parked for it. The facts name the call and the error, never content.
 */
export const faultOf = (call: string, cause: unknown): unknown => {
  if (!(cause instanceof Error) || cause instanceof Fault || ourMistakes.has(cause.name)) return cause;
  const status = statusOf(cause);
  const facts = { call, error: cause.name, ...(status !== undefined && { status }) };
  return new Fault("transient", `${call} failed`, facts, { cause });
};

/** Pauses before a write that met a transaction on its item is tried again, ms: transactions are over in less. */
const conflictPausesMs = [15, 40] as const;

/** The SDK does not try again what met a transaction (a compaction beside an acquire); nothing was written, so we may. */
const pastConflicts = async <T>(run: () => Promise<T>): Promise<T> => {
  for (const pauseMs of conflictPausesMs) {
    try {
      return await run();
    } catch (cause) {
      if (!isNamed(cause, "TransactionConflictException")) throw cause;
      await sleep(pauseMs);
    }
  }
  return run();
};

/** Runs a call to AWS; what it throws is a Fault that the write path knows, or our own mistake. */
export const calling = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await pastConflicts(run);
  } catch (cause) {
    throw faultOf(call, cause);
  }
};
