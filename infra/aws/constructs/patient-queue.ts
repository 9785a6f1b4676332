import { Duration } from "aws-cdk-lib";
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface PatientQueueProps {
  /** Time-out of the function that consumes it, s. */
  readonly consumerTimeoutS: number;
  /** Receives after which a message is dead; ≤ 1,000, the most SQS takes. */
  readonly maxReceiveCount: number;
}

/** AWS asks for six times the function's time-out, so that throttled retries of the poller fit into one visibility. */
const visibilityPerTimeout = 6;

const retention = Duration.days(14);

/** FIFO queue of operations, one group a patient, with its dead letters. Messages hold ids only. */
export class PatientQueue extends Construct {
  readonly operations: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: PatientQueueProps) {
    super(scope, id);
    const visibilityTimeout = Duration.seconds(props.consumerTimeoutS * visibilityPerTimeout);
    this.deadLetters = new Queue(this, "DeadLetters", { ...common, visibilityTimeout });
    this.operations = new Queue(this, "Operations", {
      ...common,
      visibilityTimeout,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/** High throughput: SQS counts deduplication and quotas by group, i.e. by patient, and not for the whole queue. */
const common = {
  fifo: true,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
  // The deduplication id is operation and attempt: a redrive must not be taken for a duplicate.
  contentBasedDeduplication: false,
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: retention,
} as const;
