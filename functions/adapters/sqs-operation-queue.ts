import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { Fault } from "../../shared/errors.ts";
import type { OperationQueue, ReceivedMessage } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";

/** SQS gives, deletes and delays so many messages in one call. */
const mostAtOnce = 10;

/**
 * A receipt with the time from which it is stale, ms since the epoch. SQS forgets a FIFO receipt when its message is visible
 * again; a message in another's hands must not depend on that alone, so ours are dropped here by the clock already.
 */
const receiptOf = (handle: string, staleAt: number): string => `${staleAt} ${handle}`;

/** Handles of the receipts that are still good. One without a time came with a Lambda event: its batch ends before it is stale. */
const goodHandles = (receipts: readonly string[], now: number): string[] =>
  receipts.flatMap((receipt) => {
    const space = receipt.indexOf(" ");
    if (space < 0) return [receipt];
    return Number(receipt.slice(0, space)) > now ? [receipt.slice(space + 1)] : [];
  });

const batchesOf = (handles: readonly string[]) =>
  Array.from({ length: Math.ceil(handles.length / mostAtOnce) }, (_, n) =>
    handles
      .slice(n * mostAtOnce, (n + 1) * mostAtOnce)
      .map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
  );

interface Failure {
  readonly SenderFault?: boolean | undefined;
  readonly Code?: string | undefined;
}

/** What fails by our own fault is a receipt that has become stale meanwhile. */
const unlessStale = (call: string, failed: readonly Failure[] = []): void => {
  const ours = failed.find(({ SenderFault }) => SenderFault !== true);
  if (ours) throw new Fault("transient", `${call} failed in part`, { call, error: ours.Code ?? "unknown" });
};

const receivedOf = (message: Message, staleAt: number): ReceivedMessage => ({
  messageId: message.MessageId ?? "",
  receipt: receiptOf(message.ReceiptHandle ?? "", staleAt),
  group: message.Attributes?.MessageGroupId ?? "",
  body: message.Body ?? "",
  receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
});

type ReceiveAndDelete = OperationQueue["deadLetters"];

const receiveAndDelete = ({ clients, now, newId, visibilityS }: AwsStore, QueueUrl: string): ReceiveAndDelete => ({
  receive: async (max) => {
    const staleAt = now() + visibilityS * 1_000;
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(max, mostAtOnce),
      VisibilityTimeout: visibilityS,
      MessageSystemAttributeNames: ["MessageGroupId", "ApproximateReceiveCount"],
      // A repeat of a call whose answer was lost gets the same messages, instead of blocking their groups.
      ReceiveRequestAttemptId: newId(),
    });
    const { Messages = [] } = await calling("ReceiveMessage", () => clients.sqs.send(command));
    return Messages.map((message) => receivedOf(message, staleAt));
  },
  delete: async (receipts) => {
    for (const Entries of batchesOf(goodHandles(receipts, now()))) {
      const command = new DeleteMessageBatchCommand({ QueueUrl, Entries });
      const { Failed } = await calling("DeleteMessageBatch", () => clients.sqs.send(command));
      unlessStale("DeleteMessageBatch", Failed);
    }
  },
});

/** SQS goes on counting where the queue left off when it made a message a dead letter. */
const countingFromOne = (letters: ReceiveAndDelete, maxReceiveCount: number): ReceiveAndDelete => ({
  ...letters,
  receive: async (max) => {
    const received = await letters.receive(max);
    return received.map(({ receiveCount: all, messageId, receipt, group, body }) => {
      const receiveCount = all > maxReceiveCount ? all - maxReceiveCount : all;
      return { messageId, receipt, group, body, receiveCount };
    });
  },
});

const depthOf = async ({ clients }: AwsStore, QueueUrl: string) => {
  const command = new GetQueueAttributesCommand({
    QueueUrl,
    AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
  });
  const { Attributes = {} } = await calling("GetQueueAttributes", () => clients.sqs.send(command));
  return {
    visible: Number(Attributes["ApproximateNumberOfMessages"] ?? 0),
    inFlight: Number(Attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
  };
};

/**
 * An SQS FIFO queue; group = patient id, so that one patient's messages are in one pair of hands at a time. Deduplication
 * ids are our own: `operationId#attempt`. The depth is approximate, as SQS says.
 */
export const sqsOperationQueue = (store: AwsStore): OperationQueue => {
  const { clients, names, now } = store;
  const { queueUrl: QueueUrl, deadLetterQueueUrl } = names;
  return {
    ...receiveAndDelete(store, QueueUrl),
    send: async ({ operationId, patientId, attempt }) => {
      const command = new SendMessageCommand({
        QueueUrl,
        MessageBody: JSON.stringify({ operationId, patientId, attempt }),
        MessageGroupId: patientId,
        MessageDeduplicationId: `${operationId}#${attempt}`,
      });
      await calling("SendMessage", () => clients.sqs.send(command));
    },
    delay: async (receipts, seconds) => {
      for (const batch of batchesOf(goodHandles(receipts, now()))) {
        const Entries = batch.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle, VisibilityTimeout: seconds }));
        const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries });
        const { Failed } = await calling("ChangeMessageVisibilityBatch", () => clients.sqs.send(command));
        unlessStale("ChangeMessageVisibilityBatch", Failed);
      }
    },
    deadLetters: countingFromOne(receiveAndDelete(store, deadLetterQueueUrl), store.maxReceiveCount),
    depth: async () => {
      const [{ visible, inFlight }, dead] = await Promise.all([
        depthOf(store, QueueUrl),
        depthOf(store, deadLetterQueueUrl),
      ]);
      return { visible, inFlight, dead: dead.visible + dead.inFlight };
    },
  };
};
