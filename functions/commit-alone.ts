import { isFault } from "../shared/errors.ts";
import { type Delivery, retryLater } from "./delivery.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Writer } from "./commit-operations.ts";
import { parkedOutcome } from "./parked-outcome.ts";

/**
 * Runs a group's operations one by one, writing `tries + 1` on the row before each run, so that an operation which ends
 * the process every time is known by its row: at `parkAtTries` it is parked unrun and its followers go on.
 * Returns what is left to be delivered again.
 */
export const commitAlone = async (
  deps: Dependencies,
  writer: Writer,
  group: readonly Delivery[],
): Promise<readonly Delivery[]> => {
  for (const [index, delivery] of group.entries()) {
    try {
      await runAlone(deps, writer, delivery);
    } catch (cause) {
      if (isFault(cause, "operations-moved")) continue;
      const rest = group.slice(index);
      await retryLater(deps, rest, cause);
      return rest;
    }
  }
  return [];
};

const runAlone = async (deps: Dependencies, writer: Writer, { message }: Delivery): Promise<void> => {
  const { operations } = deps.engine;
  const { operationId, attempt } = message;
  const [row] = await operations.get([operationId]);
  if (row?.state !== "queued" || row.attempt !== attempt) return;
  if (row.tries >= deps.config.parkAtTries) {
    await operations.park(parkedOutcome(message, "tries", deps.now()));
    deps.hints.settled([operationId]);
    deps.log("error", "operation.parked", { operationId, reason: "tries" });
    return;
  }
  await operations.setTries(operationId, attempt, row.tries + 1);
  try {
    await writer.commit([message]);
  } catch (cause) {
    if (isKnownTransient(cause)) await operations.setTries(operationId, attempt, row.tries);
    throw cause;
  }
};

/** The store's trouble, not the operation's: it must not count against the operation. */
const isKnownTransient = (cause: unknown): boolean =>
  isFault(cause, "lease-busy", "fenced", "transient", "segment-missing");
