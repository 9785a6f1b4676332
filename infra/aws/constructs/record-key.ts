import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";

export interface RecordKeyProps {
  readonly keepsRecords: boolean;
}

/** The customer-managed key of all that holds or names patients: tables, segments, signing key, logs, alarms. */
export class RecordKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, { keepsRecords }: RecordKeyProps) {
    super(scope, id);
    this.key = new Key(this, "Key", {
      description: "Casenotes: tables, segments, signing key, logs",
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy: keepsRecords ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Services that encrypt for themselves; roles get their rights from their own policies.
    this.key.grantEncryptDecrypt(new ServicePrincipal("logs.amazonaws.com"));
    this.key.grantEncryptDecrypt(new ServicePrincipal("cloudwatch.amazonaws.com"));
  }
}
