import { Dashboard as CloudWatchDashboard, GraphWidget, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { entryList, type EntryName } from "../function-plans.ts";
import type { Figures } from "./figures.ts";
import type { ServiceFunction } from "./service-function.ts";

export interface DashboardProps {
  readonly figures: Figures;
  readonly functions: Readonly<Record<EntryName, ServiceFunction>>;
}

/** The figures that the alarms watch, and what each function does. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { figures, functions }: DashboardProps) {
    super(scope, id);
    const of = (metric: (made: ServiceFunction) => Metric) => entryList.map((name) => metric(functions[name]));
    new CloudWatchDashboard(this, "Dashboard", {
      widgets: [
        [
          graph("Oldest open operation and message, s", [figures.oldestOpenS, figures.queueAgeS]),
          graph("Messages: queued, dead", [figures.queued, figures.deadLetters]),
        ],
        [
          graph("Parked, retried, fenced, resent", [figures.parked, figures.retried, figures.fenced, figures.resent]),
          graph(
            "Invocations",
            of(({ function: fn }) => fn.metricInvocations()),
          ),
        ],
        [
          graph(
            "Duration, ms (p99)",
            of(({ function: fn }) => fn.metricDuration({ statistic: "p99" })),
          ),
          graph("Errors and throttles", [
            ...of(({ function: fn }) => fn.metricErrors()),
            ...of(({ function: fn }) => fn.metricThrottles()),
          ]),
        ],
      ],
    });
  }
}

const graph = (title: string, left: Metric[]): GraphWidget => new GraphWidget({ title, left, width: 12, height: 6 });
