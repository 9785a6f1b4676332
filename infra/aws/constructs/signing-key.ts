import { CustomResource, RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Code } from "aws-cdk-lib/aws-lambda";
import { CfnSecret, Secret, type ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";
import { ServiceFunction } from "./service-function.ts";

export interface SigningKeyProps {
  readonly key: IKey;
  readonly code: Code;
  readonly keepsRecords: boolean;
  readonly logDays: number;
}

/**
 * The key that signs commits. CloudFormation can make passwords, not ed25519 keys, so a small function makes it, once,
 * inside AWS: it is in no template, no shell history and no build log, and plain `cdk deploy` is enough.
 */
export class SigningKey extends Construct {
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, { key, code, keepsRecords, logDays }: SigningKeyProps) {
    super(scope, id);
    const secret = new CfnSecret(this, "Secret", {
      description: "Casenotes: ed25519 private key that signs commits (PKCS #8, PEM)",
      kmsKeyId: key.keyArn,
    });
    secret.applyRemovalPolicy(keepsRecords ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY);
    this.secret = Secret.fromSecretCompleteArn(this, "Known", secret.attrId);
    const maker = new ServiceFunction(this, "Maker", {
      code,
      key,
      memoryMb: 256,
      timeoutS: 30,
      concurrency: 1,
      logDays,
      traces: false,
      environment: {},
    });
    maker.allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], [secret.attrId]);
    maker.allow(["kms:Decrypt", "kms:GenerateDataKey"], [key.keyArn]);
    new CustomResource(this, "Made", {
      serviceToken: maker.function.functionArn,
      properties: { SecretId: secret.attrId },
    });
    acknowledgeRotation(secret);
  }
}

const acknowledgeRotation = (secret: CfnSecret): void => {
  const reason =
    "Every signature ever made must go on naming a published signer: changing the key is a decision with a published date, not a schedule. The private key never leaves AWS, and only two roles may read it.";
  acknowledge(secret, "AwsSolutions-SMG4", reason);
  acknowledge(secret, "HIPAA.Security-SecretsManagerRotationEnabled", reason);
};
