import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { commitAlone } from "./commit-alone.ts";
import { createWriter } from "./commit-operations.ts";
import { type Delivery, retryLater } from "./delivery.ts";
import type { Dependencies } from "./dependencies.ts";
import { readMessage } from "./operation-message.ts";

/**
 * Consumer of the operation queue: patients side by side, each in order; a fault stops only its own patient.
 * From the third receive on, everything in the batch runs one by one, so that whatever ends our code is found and
 * parked, and nobody else with it (02, failure classes).
 */
export const commitBatch = (deps: Dependencies) => {
  const writer = createWriter(deps);

  const commitGroup = async (group: readonly Delivery[]): Promise<readonly Delivery[]> => {
    try {
      await writer.commit(group.map(({ message }) => message));
      return [];
    } catch (cause) {
      await retryLater(deps, group, cause);
      return group;
    }
  };

  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const deliveries = Records.flatMap((record) => deliveryOf(deps, record));
    const groups = Object.values(Object.groupBy(deliveries, ({ message }) => message.patientId));
    const alone = deliveries.some(({ receiveCount }) => receiveCount >= deps.config.aloneFromReceive);
    const unfinished: (readonly Delivery[])[] = [];
    if (alone) for (const group of groups) unfinished.push(await commitAlone(deps, writer, group ?? []));
    else unfinished.push(...(await Promise.all(groups.map((group) => commitGroup(group ?? [])))));
    return { batchItemFailures: unfinished.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
};

/** A message that is not ours is set aside in the log, with its id, and holds nobody up. */
const deliveryOf = (deps: Dependencies, record: SQSRecord): readonly Delivery[] => {
  const message = readMessage(record.body);
  if (message === undefined) {
    deps.log("error", "message.unreadable", { messageId: record.messageId });
    return [];
  }
  const receiveCount = Number(record.attributes.ApproximateReceiveCount);
  return [{ message, messageId: record.messageId, receipt: record.receiptHandle, receiveCount }];
};
