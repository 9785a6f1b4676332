import { RemovalPolicy } from "aws-cdk-lib";
import { CfnStage, HttpApi, HttpMethod, HttpRoute, HttpRouteKey, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { routes, type FunctionName } from "../../../functions/routes.ts";
import type { StageSettings } from "../stages.ts";
import { acknowledge } from "./acknowledge.ts";
import type { ServiceFunction } from "./service-function.ts";

export interface ApiProps {
  readonly key: IKey;
  readonly stage: StageSettings;
}

/** The route pattern and times; no query strings (they may hold names), no headers, no bodies. */
const accessLogFormat = JSON.stringify({
  requestId: "$context.requestId",
  at: "$context.requestTimeEpoch",
  route: "$context.routeKey",
  status: "$context.status",
  ms: "$context.responseLatency",
  bytes: "$context.responseLength",
  error: "$context.error.responseType",
});

/**
 * The way in. No gateway authorizer: tokens are checked inside each function by the code that checks them on one machine,
 * so that the same tests hold for both.
 */
export class Api extends Construct {
  readonly api: HttpApi;
  readonly stage: HttpStage;

  constructor(scope: Construct, id: string, { key, stage }: ApiProps) {
    super(scope, id);
    const log = new LogGroup(this, "Access", {
      retention: stage.logDays,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api = new HttpApi(this, "Api", { createDefaultStage: false, description: `Casenotes ${stage.name}` });
    this.stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: stage.throttle.ratePerS, burstLimit: stage.throttle.burst },
    });
    if (this.stage.node.defaultChild instanceof CfnStage)
      this.stage.node.defaultChild.accessLogSettings = { destinationArn: log.logGroupArn, format: accessLogFormat };
  }

  /** Leads each route to its function, and everything else to `health`, which knows what is missing. */
  connect(functions: Readonly<Record<FunctionName, ServiceFunction>>): void {
    for (const name of new Set(routes.map((route) => route.function))) {
      const integration = new HttpLambdaIntegration(`${name}-integration`, functions[name].function);
      for (const [method, path] of gatewayRoutes(name)) this.#route({ method, path }, integration);
      if (name === "health") this.#route(undefined, integration);
    }
  }

  #route(at: { method: HttpMethod; path: string } | undefined, integration: HttpLambdaIntegration): void {
    const routeKey = at === undefined ? HttpRouteKey.DEFAULT : HttpRouteKey.with(at.path, at.method);
    const route = new HttpRoute(this, routeKey.key.replaceAll("/", "-"), { httpApi: this.api, routeKey, integration });
    acknowledge(
      route,
      "AwsSolutions-APIG4",
      "The function behind the route verifies the bearer token (issuer, audience, algorithm, expiry) before it reads anything; the four routes without a token publish no record.",
    );
  }
}

/** The gateway knows no pattern inside a segment: git's three routes become one. It also asks HEAD by its own name. */
const gatewayRoutes = (name: FunctionName): readonly (readonly [HttpMethod, string])[] => {
  if (name === "git")
    return [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST].map((method) => [method, "/git/{proxy+}"]);
  const own = routes.filter((route) => route.function === name);
  const reads = own.filter(({ method }) => method === "GET");
  return [
    ...own.map(({ method, path }) => [HttpMethod[method], path] as const),
    ...reads.map(({ path }) => [HttpMethod.HEAD, path] as const),
  ];
};
