import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { EventSourceMapping, StartingPosition, type Code } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { entryList, functionPlans, type EntryName, type FunctionPlan } from "../function-plans.ts";
import type { StageSettings } from "../stages.ts";
import { grantPlan, type Resources } from "./grants.ts";
import { ServiceFunction } from "./service-function.ts";

export interface FunctionsProps {
  readonly stage: StageSettings;
  readonly resources: Resources;
  /** The bundle of an entry. */
  readonly code: (entry: EntryName) => Code;
  readonly environment: Readonly<Record<string, string>>;
}

/** Most messages of one batch; more would make one slow patient hold up more others. */
const batchSize = 10;

/** Every function of the service, with its triggers. */
export class Functions extends Construct {
  readonly all: Readonly<Record<EntryName, ServiceFunction>>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const made = entryList.map((name) => [name, this.#make(name, props)] as const);
    this.all = Object.fromEntries(made) as Record<EntryName, ServiceFunction>;
  }

  #make(name: EntryName, { stage, resources, code, environment }: FunctionsProps): ServiceFunction {
    const plan = functionPlans[name];
    const concurrency = Math.max(2, Math.ceil(plan.concurrency * stage.concurrencyShare));
    const made = new ServiceFunction(this, name, {
      code: code(name),
      key: resources.key,
      memoryMb: plan.memoryMb,
      timeoutS: plan.timeoutS,
      concurrency: plan.concurrency === 1 ? 1 : concurrency,
      logDays: stage.logDays,
      traces: stage.traces,
      environment,
    });
    grantPlan(made, plan, resources);
    consume(made, plan, { resources, concurrency });
    follow(made, plan, resources);
    if (plan.everyMinutes !== undefined)
      new Rule(made, "Schedule", {
        schedule: Schedule.rate(Duration.minutes(plan.everyMinutes)),
        targets: [new LambdaTarget(made.function, { retryAttempts: 0 })],
      });
    return made;
  }
}

const consume = (
  made: ServiceFunction,
  { consumes }: FunctionPlan,
  { resources, concurrency }: { readonly resources: Resources; readonly concurrency: number },
): void => {
  if (consumes === undefined) return;
  const { operations, deadLetters } = resources.queue;
  const isOperations = consumes.queue === "operations";
  new EventSourceMapping(made, "Queue", {
    target: made.function,
    eventSourceArn: (isOperations ? operations : deadLetters).queueArn,
    batchSize,
    // A batch's finished patients stay finished while one of them is retried.
    reportBatchItemFailures: isOperations,
    // As many as are reserved: the poller takes no batch that would be throttled, and no receive count rises for nothing.
    maxConcurrency: concurrency,
  });
};

const follow = (made: ServiceFunction, { streams = [] }: FunctionPlan, { tables }: Resources): void => {
  for (const { table, pattern } of streams)
    new EventSourceMapping(made, `Stream-${table}`, {
      target: made.function,
      eventSourceArn: tables[table].tableStreamArn ?? "",
      startingPosition: StartingPosition.LATEST,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      bisectBatchOnError: true,
      retryAttempts: 10,
      filters: [{ pattern: JSON.stringify(pattern) }],
    });
};
