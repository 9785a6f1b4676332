import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type Attribute,
} from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { tableDefinitions, timeToLive, type TableName } from "../../../functions/adapters/table-definitions.ts";
import type { WarmUnits } from "../stages.ts";
import { acknowledge } from "./acknowledge.ts";

export interface TablesProps {
  readonly key: IKey;
  /** Survive the stack, and cannot be deleted by mistake. */
  readonly keepsRecords: boolean;
  readonly warm: WarmUnits | undefined;
}

/** What every update writes to; the others take less, or are spread by themselves. */
const warmed: ReadonlySet<TableName> = new Set(["heads", "operations"]);

/**
 * Settled rows wake the drain, by their keys: an image would keep for a day what a row held before it was settled. What is
 * in the outbox wakes the drain and the compaction.
 */
const streams: Partial<Readonly<Record<TableName, StreamViewType>>> = {
  operations: StreamViewType.KEYS_ONLY,
  effects: StreamViewType.NEW_IMAGE,
};

/** The tables, made from the same list that creates them in local mode. */
export class Tables extends Construct {
  readonly all: Readonly<Record<TableName, Table>>;

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    this.all = {
      heads: this.table("heads", props),
      operations: this.table("operations", props),
      payloads: this.table("payloads", props),
      effects: this.table("effects", props),
      summaries: this.table("summaries", props),
      identifiers: this.table("identifiers", props),
    };
  }

  private table(name: TableName, { key, keepsRecords, warm }: TablesProps): Table {
    const warmThroughput = warm !== undefined && warmed.has(name) ? { warmThroughput: warm } : {};
    const definition = tableDefinitions[name];
    const stream = streams[name];
    const table = new Table(this, name, {
      partitionKey: text(definition.partitionKey),
      ...("sortKey" in definition && { sortKey: text(definition.sortKey) }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      deletionProtection: keepsRecords,
      removalPolicy: keepsRecords ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(stream !== undefined && { stream }),
      ...warmThroughput,
      // Nothing writes the attribute until an operator sets a time: rows do not expire by themselves.
      ...(name === timeToLive.table && { timeToLiveAttribute: timeToLive.attribute }),
    });
    for (const index of definition.indexes)
      table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: text(index.partitionKey),
        sortKey: text(index.sortKey),
        ...warmThroughput,
        ...(index.include.length === 0
          ? { projectionType: ProjectionType.KEYS_ONLY }
          : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...index.include] }),
      });
    acknowledge(
      table,
      "HIPAA.Security-DynamoDBInBackupPlan",
      "Point-in-time recovery restores any second of the last 35 days; a daily backup plan would restore less. The drill is in docs/deploy.md.",
    );
    return table;
  }
}

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });
