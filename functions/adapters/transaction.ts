import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../shared/errors.ts";
import { faultOf, mayHaveLanded, wasRefused } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";

type Write = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** One write of a transaction, and what it stands for: what to tell when its condition does not hold. */
export interface Action<W> {
  readonly what: W;
  readonly write: Write;
}

/** Tries of a transaction that DynamoDB refused for a conflict or for its load; the pause doubles, from this on, ms. */
const mostTries = 4;
const firstPauseMs = 15;

type Tried<W> =
  | { readonly end: "written" }
  /** Conditions that did not hold; nothing was written. */
  | { readonly end: "refused"; readonly by: readonly Action<W>[] }
  /** Nothing was written; a repeat may succeed. */
  | { readonly end: "conflict"; readonly cause: unknown };

/** Reasons other than a failed condition for which a transaction may be tried again. */
const passing: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
  "None",
]);

const cancelled = <W>(cause: TransactionCanceledException, actions: readonly Action<W>[]): Tried<W> => {
  const codes = (cause.CancellationReasons ?? []).map(({ Code = "None" }) => Code);
  const by = actions.filter((_, index) => codes[index] === "ConditionalCheckFailed");
  if (by.length > 0) return { end: "refused", by };
  if (codes.every((code) => passing.has(code))) return { end: "conflict", cause };
  throw cause;
};

const tryOnce = async <W>({ clients }: AwsStore, actions: readonly Action<W>[]): Promise<Tried<W>> => {
  try {
    // The SDK adds a fresh request token; with one try it has no effect. What a lost answer means is found out by reading.
    await clients.dynamoOnce.send(new TransactWriteCommand({ TransactItems: actions.map(({ write }) => write) }));
    return { end: "written" };
  } catch (cause) {
    if (cause instanceof TransactionCanceledException) return cancelled(cause, actions);
    if (wasRefused(cause)) return { end: "conflict", cause };
    if (mayHaveLanded(cause)) throw new Fault("outcome-unknown", "a transaction got no answer", {}, { cause });
    throw faultOf("TransactWriteItems", cause);
  }
};

/**
 * Writes all of the actions or none. Returns the actions whose conditions did not hold: then nothing was written.
 * Throws Fault transient (nothing was written) | outcome-unknown.
 */
export const transact = async <W>(store: AwsStore, actions: readonly Action<W>[]): Promise<readonly Action<W>[]> => {
  for (let n = 1; ; n += 1) {
    const tried = await tryOnce(store, actions);
    if (tried.end === "written") return [];
    if (tried.end === "refused") return tried.by;
    if (n === mostTries) {
      throw new Fault("transient", "a transaction met conflicts again and again", {}, { cause: tried.cause });
    }
    await sleep(firstPauseMs * 2 ** (n - 1) * (0.5 + store.random() / 2));
  }
};
