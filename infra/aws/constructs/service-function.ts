import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Architecture, Function as LambdaFunction, Runtime, Tracing, type Code } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

export interface ServiceFunctionProps {
  readonly code: Code;
  readonly key: IKey;
  readonly memoryMb: number;
  readonly timeoutS: number;
  /** Reserved: its share of the account, and its limit. */
  readonly concurrency: number;
  readonly logDays: number;
  /** Asks X-Ray whether to trace an invocation. */
  readonly traces: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

/** One Lambda function with a log and a role of its own, which may do nothing but what is granted here and by `allow`. */
export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;
  readonly log: LogGroup;
  readonly #policy: ManagedPolicy;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    this.log = new LogGroup(this, "Log", {
      retention: props.logDays,
      encryptionKey: props.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    this.#policy = new ManagedPolicy(this, "Policy", { roles: [role] });
    this.function = new LambdaFunction(this, "Function", {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: props.code,
      // Without this the construct would add statements of its own to the role.
      role: role.withoutPolicyUpdates(),
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutS),
      reservedConcurrentExecutions: props.concurrency,
      logGroup: this.log,
      tracing: props.traces ? Tracing.ACTIVE : Tracing.PASS_THROUGH,
      environment: { ...props.environment, NODE_OPTIONS: "--enable-source-maps" },
      environmentEncryption: props.key,
    });
    // The function is made when its role can do what it must: an event source checks that at once.
    this.function.node.addDependency(this.#policy);
    this.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [this.log.logGroupArn]);
    if (props.traces) this.#allowTraces();
    this.#acknowledgeAll();
  }

  /** Adds to what its role may do; actions and resources are written out. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.#policy.addStatements(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  #allowTraces(): void {
    this.allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]);
    acknowledge(
      this.#policy,
      "AwsSolutions-IAM5[Resource::*]",
      "The two X-Ray actions know no resources (service authorization reference); nothing else has this resource, and a test looks.",
    );
  }

  #acknowledgeAll(): void {
    acknowledge(
      this.function,
      "HIPAA.Security-LambdaInsideVPC",
      "It talks to AWS services and the token issuer over TLS only and listens to nothing; a VPC would add NAT gateways, interface endpoints and cold starts, and no protection that IAM and TLS do not give.",
    );
    acknowledge(
      this.function,
      "HIPAA.Security-LambdaDLQ",
      "Nothing is lost with a failed invocation: HTTP callers get the error, queue messages come back and end in the FIFO dead-letter queue, streams retry, schedules run again.",
    );
  }
}
