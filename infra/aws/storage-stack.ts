import { Stack, type StackProps } from "aws-cdk-lib";
import type { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { RecordKey } from "./constructs/record-key.ts";
import { SegmentsBucket } from "./constructs/segments-bucket.ts";
import { SigningKey } from "./constructs/signing-key.ts";
import { Tables } from "./constructs/tables.ts";
import type { StageSettings } from "./stages.ts";

export interface StorageStackProps extends StackProps {
  readonly stage: StageSettings;
  readonly signingKeyCode: Code;
}

/** What must outlive everything else: records, their keys, and the key that signed them. */
export class StorageStack extends Stack {
  readonly recordKey: RecordKey;
  readonly tables: Tables;
  readonly segments: SegmentsBucket;
  readonly signingKey: SigningKey;

  constructor(scope: Construct, id: string, { stage, signingKeyCode, ...props }: StorageStackProps) {
    super(scope, id, { ...props, terminationProtection: stage.keepsRecords });
    const { keepsRecords, logDays, warm } = stage;
    this.recordKey = new RecordKey(this, "RecordKey", { keepsRecords });
    const { key } = this.recordKey;
    this.tables = new Tables(this, "Tables", { key, keepsRecords, warm });
    this.segments = new SegmentsBucket(this, "Bucket", { key, keepsRecords, logDays });
    this.signingKey = new SigningKey(this, "SigningKey", { key, keepsRecords, logDays, code: signingKeyCode });
  }
}
