/** One condition taken away from an adapter, and the contract test that must notice. */
export interface Removal {
  readonly engine: "aws" | "embedded";
  /** What is no longer asked. */
  readonly condition: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
  readonly suite: "heads" | "operations" | "intake";
  /** Part of the titles of the tests that are run; one of them must fail. */
  readonly noticedBy: string;
}

type Taken = Omit<Removal, "engine" | "to">;

/** True always, with every name and value of the expression still in use: no item has this attribute. */
const onDynamo = (file: string, taken: Omit<Taken, "file">): Removal => ({
  ...taken,
  engine: "aws",
  file: `functions/adapters/${file}`,
  to: `(${taken.from} OR attribute_not_exists(zz))`,
});

/** False always: for the alternatives of a condition. */
const neverOnDynamo = (file: string, taken: Omit<Taken, "file">): Removal => ({
  ...onDynamo(file, taken),
  to: `(${taken.from} AND attribute_exists(zz))`,
});

const onSqlite = (file: string, taken: Omit<Taken, "file">, never = false): Removal => ({
  ...taken,
  engine: "embedded",
  file: `infra/local/sqlite/${file}`,
  to: never ? `(${taken.from} AND 1 = 0)` : `(${taken.from} OR 1 = 1)`,
});

const heads = "heads";
const operations = "operations";

const dynamo: readonly Removal[] = [
  onDynamo("settle.ts", {
    condition: "head",
    from: "#c = :expected",
    suite: heads,
    noticedBy: "only the head's commit moved",
  }),
  onDynamo("settle.ts", { condition: "epoch", from: "#e = :epoch", suite: heads, noticedBy: "only the epoch moved" }),
  onDynamo("settle-operation.ts", {
    condition: "operation state",
    from: "#st = :queued",
    suite: heads,
    noticedBy: "only an operation's state moved",
  }),
  onDynamo("settle-operation.ts", {
    condition: "attempt",
    from: "#at = :attempt",
    suite: heads,
    noticedBy: "only an operation's attempt moved",
  }),
  onDynamo("settle.ts", {
    condition: "identifier",
    from: "attribute_not_exists(#p) OR #p = :patient",
    suite: heads,
    noticedBy: "only an identifier belongs",
  }),
  onDynamo("settle.ts", {
    condition: "summary of a newer commit",
    from: "attribute_not_exists(#n) OR #n <= :commits",
    suite: heads,
    noticedBy: "never overwritten",
  }),
  onDynamo("dynamo-heads.ts", {
    condition: "lease",
    from: "attribute_not_exists(#lo)",
    suite: heads,
    noticedBy: "keeps another writer out",
  }),
  neverOnDynamo("dynamo-heads.ts", {
    condition: "lease that ran out",
    from: "#lu <= :now",
    suite: heads,
    noticedBy: "that has run out",
  }),
  neverOnDynamo("dynamo-heads.ts", {
    condition: "lease too far ahead",
    from: "#lu > :far",
    suite: heads,
    noticedBy: "implausibly late",
  }),
  {
    ...onDynamo("dynamo-heads.ts", {
      condition: "owner that gives back",
      from: '"REMOVE #lo, #lu", "#lo = :owner"',
      suite: heads,
      noticedBy: "is not given back",
    }),
    to: '"REMOVE #lo, #lu", "(#lo = :owner OR attribute_not_exists(zz))"',
  },
  onDynamo("compact-head.ts", {
    condition: "generation",
    from: "(attribute_not_exists(#g) OR #g = :generation)",
    suite: heads,
    noticedBy: "only the generation moved",
  }),
  onDynamo("compact-head.ts", {
    condition: "sealed packs",
    from: "begins_with(${path}, :sealed)",
    suite: heads,
    noticedBy: "only a pack it merges",
  }),
  {
    ...onDynamo("dynamo-operations.ts", {
      condition: "state for tries",
      from: '#tr = :tries", "#st = :queued',
      suite: operations,
      noticedBy: "tries, when only the state",
    }),
    to: '#tr = :tries", "(#st = :queued OR attribute_not_exists(zz))',
  },
  onDynamo("dynamo-operations.ts", {
    condition: "attempt for tries",
    from: "#at = :attempt",
    suite: operations,
    noticedBy: "tries, when only the attempt",
  }),
  {
    ...onDynamo("dynamo-operations.ts", {
      condition: "state for redrive",
      from: 'REMOVE #k, #pr",\n  "#st = :parked"',
      suite: operations,
      noticedBy: "redrive, when only the state",
    }),
    to: 'REMOVE #k, #pr",\n  "(#st = :parked OR attribute_not_exists(zz))"',
  },
  {
    ...onDynamo("dynamo-operations.ts", {
      condition: "state for dismiss",
      from: ':pr REMOVE #k, #z", "#st = :parked"',
      suite: operations,
      noticedBy: "dismiss, when only the state",
    }),
    to: ':pr REMOVE #k, #z", "(#st = :parked OR attribute_not_exists(zz))"',
  },
  onDynamo("settle.ts", {
    condition: "no head yet",
    from: "attribute_not_exists(#c)",
    suite: heads,
    noticedBy: "for a first commit, only",
  }),
  onDynamo("aws-intake.ts", {
    condition: "row that stands",
    from: "attribute_not_exists(#id)",
    suite: "intake",
    noticedBy: "made again",
  }),
];

const sqlite: readonly Removal[] = [
  onSqlite("settle.ts", {
    condition: "head",
    from: "commit_id IS ?8",
    suite: heads,
    noticedBy: "only the head's commit moved",
  }),
  {
    ...onSqlite("settle.ts", { condition: "epoch", from: "", suite: heads, noticedBy: "only the epoch moved" }),
    from: "AND ${currentEpoch} = ?1`;\n\nconst keepHead",
    to: "AND (${currentEpoch} = ?1 OR 1 = 1)`;\n\nconst keepHead",
  },
  onSqlite("settle.ts", {
    condition: "operation state",
    from: "state = 'queued'",
    suite: heads,
    noticedBy: "only an operation's state moved",
  }),
  onSqlite("settle.ts", {
    condition: "attempt",
    from: "attempt = ?",
    suite: heads,
    noticedBy: "only an operation's attempt moved",
  }),
  onSqlite("settle.ts", {
    condition: "identifier",
    from: "identifiers.patient_id = excluded.patient_id",
    suite: heads,
    noticedBy: "only an identifier belongs",
  }),
  onSqlite("heads.ts", {
    condition: "lease",
    from: "leases.until > ?6",
    suite: heads,
    noticedBy: "keeps another writer out",
  }),
  onSqlite(
    "heads.ts",
    { condition: "lease that ran out", from: "leases.until <= ?5", suite: heads, noticedBy: "that has run out" },
    true,
  ),
];

export const removals: readonly Removal[] = [...dynamo, ...sqlite];
