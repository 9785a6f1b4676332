/**
 * The DynamoDB tables, as plain data: what a stack deploys and what local mode creates are made from this one list.
 * Every key is a string. Indexes hold keys only (`byTime` the submitter too), never content of a record; a row that lacks an
 * index's key is not in it. An entry of an index costs a write when it comes, goes or changes, so rows are indexed by what
 * does not change, and `byQueued` and `byParked` lose them when they are settled. Attribute names are short where an item
 * is rewritten with every commit.
 */
export interface TableDefinition {
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly indexes: readonly IndexDefinition[];
}

interface IndexDefinition {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  /** Attributes beside the keys. */
  readonly include: readonly string[];
}

export const tableDefinitions = {
  /**
   * One item a patient, ≤ 2 KB, nearly always ≤ 1: current commit, packs, lease and fencing number. `byShard` lists all
   * patients, `byTime` those with a record in order of their last commit (`t`).
   */
  heads: {
    partitionKey: "id",
    indexes: [
      { name: "byShard", partitionKey: "s", sortKey: "id", include: [] },
      { name: "byTime", partitionKey: "s", sortKey: "t", include: [] },
    ],
  },
  /** `t` = time of submission and id; `s` = shard; `b` = submitter; `q`, `k` = the patient, while queued or parked. */
  operations: {
    partitionKey: "id",
    indexes: [
      { name: "byPatient", partitionKey: "p", sortKey: "t", include: [] },
      { name: "byTime", partitionKey: "s", sortKey: "t", include: ["b"] },
      { name: "byQueued", partitionKey: "q", sortKey: "t", include: [] },
      { name: "byParked", partitionKey: "k", sortKey: "t", include: [] },
    ],
  },
  /** Contents of operations that are not settled, where a row is too small for them: operation id and request hash. */
  payloads: { partitionKey: "id", sortKey: "h", indexes: [] },
  /** The outbox, in order of time within a shard: it is its own index. */
  effects: { partitionKey: "s", sortKey: "t", indexes: [] },
  /** One item a patient: what lists and searches show, written when the demographics change. */
  summaries: {
    partitionKey: "id",
    indexes: [
      { name: "byFamily", partitionKey: "s", sortKey: "f", include: [] },
      { name: "byBirthDate", partitionKey: "b", sortKey: "id", include: [] },
    ],
  },
  /** `id` = identifier's system and value; `p` = the patient that owns it. */
  identifiers: { partitionKey: "id", indexes: [] },
} as const satisfies Record<string, TableDefinition>;

export type TableName = keyof typeof tableDefinitions;

/**
 * Time to live of settled operations, in seconds since the epoch: written by nobody until an operator sets a time (02).
 * The tables that have it on.
 */
export const timeToLive = { table: "operations", attribute: "x" } as const;

/** What the engine works on: names as deployed. */
export interface AwsNames {
  readonly tables: Readonly<Record<TableName, string>>;
  readonly bucket: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}
