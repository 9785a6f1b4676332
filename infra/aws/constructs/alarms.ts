import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import { entryList, functionPlans, type EntryName } from "../function-plans.ts";
import type { Figures } from "./figures.ts";
import type { ServiceFunction } from "./service-function.ts";

export interface AlarmsProps {
  readonly key: IKey;
  readonly figures: Figures;
  readonly functions: Readonly<Record<EntryName, ServiceFunction>>;
  readonly email: string | undefined;
}

interface Watch {
  readonly metric: Metric;
  /** The alarm rings when the figure is above it. */
  readonly above: number;
  /** For so many minutes in a row. */
  readonly minutes: number;
  /** What silence means: a figure told each minute that is missing is itself a fault. */
  readonly missingIsBad?: true;
}

/** Rings for a person; each alarm has its page in docs/alarms.md. */
export class Alarms extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { key, figures, functions, email }: AlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, "Topic", { masterKey: key, enforceSSL: true });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
      }),
    );
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
    this.#watch("OldestOpen", { metric: figures.oldestOpenS, above: 120, minutes: 3, missingIsBad: true });
    this.#watch("DeadLetters", { metric: figures.deadLetters, above: 0, minutes: 1 });
    this.#watch("Parked", { metric: figures.parked, above: 0, minutes: 1 });
    this.#watch("Fenced", { metric: figures.fenced, above: 5, minutes: 5 });
    this.#watch("Retried", { metric: figures.retried, above: 20, minutes: 5 });
    for (const name of entryList) {
      const { function: fn } = functions[name];
      const period = Duration.minutes(1);
      this.#watch(`Errors-${name}`, { metric: fn.metricErrors({ period }), above: 0, minutes: errorMinutes(name) });
      this.#watch(`Throttles-${name}`, { metric: fn.metricThrottles({ period }), above: 0, minutes: 3 });
    }
  }

  #watch(name: string, { metric, above, minutes, missingIsBad }: Watch): void {
    const alarm = new Alarm(this, name, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: minutes,
      treatMissingData: missingIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: `Casenotes: see docs/alarms.md, ${name}`,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
  }
}

/** What runs by the hour or the day fails in one minute and not in the next: three in a row would never come. */
const errorMinutes = (name: EntryName): number => ((functionPlans[name].everyMinutes ?? 1) > 1 ? 1 : 3);
