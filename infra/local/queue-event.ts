import type { SQSEvent, SQSRecord } from "aws-lambda";
import type { ReceivedMessage } from "../../shared/ports.ts";

/** The event that SQS would hand to the function. */
export const queueEvent = (messages: readonly ReceivedMessage[]): SQSEvent => ({ Records: messages.map(recordOf) });

const recordOf = ({ messageId, receipt, group, body, receiveCount }: ReceivedMessage): SQSRecord => ({
  messageId,
  receiptHandle: receipt,
  body,
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: "",
    SenderId: "",
    ApproximateFirstReceiveTimestamp: "",
    MessageGroupId: group,
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "",
  awsRegion: "",
});
