import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

export interface SegmentsBucketProps {
  readonly key: IKey;
  readonly keepsRecords: boolean;
  /** Days that the access log is kept. */
  readonly logDays: number;
}

/** Longer than the 35 days of point-in-time recovery: a head that was restored finds its segments. */
const oldVersions = Duration.days(40);

/** The Git packs of all patients, and beside them who read which of them. */
export class SegmentsBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { key, keepsRecords, logDays }: SegmentsBucketProps) {
    super(scope, id);
    const removalPolicy = keepsRecords ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const accessLog = new Bucket(this, "AccessLog", {
      ...closed,
      encryption: BucketEncryption.S3_MANAGED,
      versioned: true,
      lifecycleRules: [{ expiration: Duration.days(logDays), noncurrentVersionExpiration: Duration.days(1) }],
      removalPolicy,
    });
    this.bucket = new Bucket(this, "Segments", {
      ...closed,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      // Without it each request for an object is a request to KMS, and is paid for.
      bucketKeyEnabled: true,
      versioned: true,
      lifecycleRules: [
        { noncurrentVersionExpiration: oldVersions, abortIncompleteMultipartUploadAfter: Duration.days(1) },
        { expiredObjectDeleteMarker: true },
      ],
      removalPolicy,
    });
    logAccess(this.bucket, accessLog);
    acknowledgeLog(accessLog);
    acknowledge(
      this,
      "HIPAA.Security-S3BucketReplicationEnabled",
      "One region is the design: versions are kept 40 days and tables can be restored to any second of 35 days. Whoever must survive the loss of a region adds replication to both; docs/deploy.md says so.",
    );
  }
}

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const;

/** Lets S3, and only for this bucket, write its access log (S3 user guide, "Enabling server access logging"). */
const logAccess = (bucket: Bucket, log: Bucket): void => {
  if (bucket.node.defaultChild instanceof CfnBucket)
    bucket.node.defaultChild.loggingConfiguration = { destinationBucketName: log.bucketName };
  log.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("logging.s3.amazonaws.com")],
      actions: ["s3:PutObject"],
      resources: [log.arnForObjects("*")],
      conditions: { ArnLike: { "aws:SourceArn": bucket.bucketArn } },
    }),
  );
};

const acknowledgeLog = (log: Bucket): void => {
  const itself = "This bucket is the access log: a log of the log would have to be logged in turn.";
  acknowledge(log, "AwsSolutions-S1", itself);
  acknowledge(log, "HIPAA.Security-S3BucketLoggingEnabled", itself);
  acknowledge(
    log,
    "HIPAA.Security-S3DefaultEncryptionKMS",
    "S3 delivers server access logs only to buckets with S3-managed keys (S3 user guide, 'Enabling server access logging'). The log holds object keys and requesters, no content.",
  );
  acknowledge(
    log,
    "HIPAA.Security-S3BucketReplicationEnabled",
    "The access log of one region describes requests in that region; losing it with the region loses no record.",
  );
};
