import type { SQSEvent } from "aws-lambda";
import { isFault } from "../shared/errors.ts";
import type { Dependencies } from "./dependencies.ts";
import { readMessage } from "./operation-message.ts";
import { parkedOutcome } from "./parked-outcome.ts";

/**
 * Consumer of the dead-letter queue: parks each message's operation, only if it is still queued with that attempt.
 * Messages come here when the commit function cannot even start (02, failure classes).
 */
export const deadLetters =
  (deps: Dependencies) =>
  async ({ Records }: SQSEvent): Promise<void> => {
    for (const record of Records) {
      const message = readMessage(record.body);
      if (message === undefined) {
        deps.log("error", "message.unreadable", { messageId: record.messageId });
        continue;
      }
      try {
        await deps.engine.operations.park(parkedOutcome(message, "dead-letter", deps.now()));
        deps.hints.settled([message.operationId]);
        deps.log("error", "operation.parked", { operationId: message.operationId, reason: "dead-letter" });
      } catch (cause) {
        if (!isFault(cause, "operations-moved")) throw cause;
      }
    }
  };
