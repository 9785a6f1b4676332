import { Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { FilterPattern, MetricFilter, type ILogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { EntryName } from "../function-plans.ts";
import type { PatientQueue } from "./patient-queue.ts";
import type { ServiceFunction } from "./service-function.ts";

export interface FiguresProps {
  readonly stageName: string;
  readonly functions: Readonly<Record<EntryName, ServiceFunction>>;
  readonly queue: PatientQueue;
}

const period = Duration.minutes(1);

/** What alarms watch and the dashboard shows. */
export class Figures extends Construct {
  /** Age of the oldest open operation, s; told by the sweep each minute. */
  readonly oldestOpenS: Metric;
  /** Operations set aside for a person. */
  readonly parked: Metric;
  /** Writers that found another writer's head. */
  readonly fenced: Metric;
  /** Groups delivered again after a fault. */
  readonly retried: Metric;
  /** Operations whose message was lost between row and queue. */
  readonly resent: Metric;
  readonly deadLetters: Metric;
  readonly queueAgeS: Metric;
  readonly queued: Metric;

  constructor(scope: Construct, id: string, { stageName, functions, queue }: FiguresProps) {
    super(scope, id);
    const namespace = `Casenotes/${stageName}`;
    const { commit, sweep } = functions;
    const dead = functions["dead-letters"];
    const count = (name: string, logs: readonly ILogGroup[], pattern: string): Metric =>
      this.#fromLogs({ namespace, name, logs, pattern });
    this.oldestOpenS = count("OldestOpenSeconds", [sweep.log], '{ $.event = "open.oldest" }').with({
      statistic: Stats.MAXIMUM,
    });
    this.parked = count("Parked", [commit.log, dead.log], '{ $.event = "operation.parked" }');
    this.retried = count("GroupsRetried", [commit.log], '{ $.event = "group.retried" }');
    this.fenced = count("Fenced", [commit.log], '{ $.event = "group.retried" && $.fault = "fenced" }');
    this.resent = count("Resent", [sweep.log], '{ $.event = "operation.resent" }');
    this.deadLetters = queue.deadLetters.metricApproximateNumberOfMessagesVisible({ period });
    this.queueAgeS = queue.operations.metricApproximateAgeOfOldestMessage({ period });
    this.queued = queue.operations.metricApproximateNumberOfMessagesVisible({ period });
  }

  #fromLogs(filter: {
    readonly namespace: string;
    readonly name: string;
    readonly logs: readonly ILogGroup[];
    readonly pattern: string;
  }): Metric {
    const { namespace, name, logs, pattern } = filter;
    for (const [n, logGroup] of logs.entries())
      new MetricFilter(this, `${name}${n}`, {
        logGroup,
        metricNamespace: namespace,
        metricName: name,
        filterPattern: FilterPattern.literal(pattern),
        metricValue: name === "OldestOpenSeconds" ? "$.ageS" : "1",
      });
    return new Metric({ namespace, metricName: name, statistic: Stats.SUM, period });
  }
}
