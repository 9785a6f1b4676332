import { onDynamo } from "./removal.ts";

const heads = "heads";
const operations = "operations";
const adoption = "adoption";

const settling = [
  ...onDynamo("settle.ts", [
    { condition: "head", from: "#c = :expected", by: [heads, "only the head's commit moved"] },
    { condition: "no head yet", from: "attribute_not_exists(#c)", by: [heads, "for a first commit, only"] },
    { condition: "epoch", from: "#e = :epoch", by: [heads, "only the epoch moved"] },
    {
      condition: "identifier",
      from: "attribute_not_exists(#p) OR #p = :patient",
      by: [heads, "only an identifier belongs"],
    },
    {
      condition: "identifier given up",
      from: "attribute_not_exists(#p) OR #p = :patient",
      by: [heads, "is not freed by a patient that does not own it"],
    },
    {
      condition: "identifier of its own patient",
      from: "#p = :patient",
      never: true,
      by: [heads, "may be claimed again by its owner"],
    },
    {
      condition: "summary of a newer commit",
      from: "attribute_not_exists(#n) OR #n <= :commits",
      by: [heads, "never overwritten"],
    },
  ]),
  ...onDynamo("settle-operation.ts", [
    { condition: "operation state", from: "#st = :queued", by: [heads, "only an operation's state moved"] },
    { condition: "attempt", from: "#at = :attempt", by: [heads, "only an operation's attempt moved"] },
    { condition: "state for parking", from: "#st = :queued", by: [operations, "park, when only the state"] },
    { condition: "attempt for parking", from: "#at = :attempt", by: [operations, "park, when only the attempt"] },
  ]),
];

const leasing = onDynamo("dynamo-heads.ts", [
  { condition: "lease", from: "attribute_not_exists(#lo)", by: [heads, "keeps another writer out"] },
  { condition: "lease that ran out", from: "#lu <= :now", never: true, by: [heads, "that has run out"] },
  { condition: "lease too far ahead", from: "#lu > :far", never: true, by: [heads, "implausibly late"] },
  {
    condition: "owner that gives back",
    from: "#lo = :owner",
    within: '"REMOVE #lo, #lu", "#lo = :owner"',
    by: [heads, "is not given back"],
  },
]);

const compacting = onDynamo("compact-head.ts", [
  {
    condition: "generation of a first compaction",
    from: "(attribute_not_exists(#g) OR #g = :generation)",
    by: [heads, "only the generation moved, from 0"],
  },
  {
    condition: "generation",
    from: "#g = :generation",
    within: ': "#g = :generation"',
    by: [heads, "only the generation moved, from 1"],
  },
  { condition: "head to compact", from: "attribute_exists(#p)", by: [heads, "when there is no record"] },
  {
    condition: "sealed packs",
    from: "begins_with(${path}, :sealed)",
    by: [heads, "only a pack it merges is not sealed"],
  },
]);

const changing = [
  ...onDynamo("dynamo-operations.ts", [
    {
      condition: "state for tries",
      from: "#st = :queued",
      within: '#tr = :tries", "#st = :queued',
      by: [operations, "tries, when only the state"],
    },
    { condition: "attempt for tries", from: "#at = :attempt", by: [operations, "tries, when only the attempt"] },
    {
      condition: "state for redrive",
      from: "#st = :parked",
      within: 'REMOVE #k, #pr",\n  "#st = :parked"',
      by: [operations, "redrive, when only the state"],
    },
    {
      condition: "state for dismiss",
      from: "#st = :parked",
      within: ':pr REMOVE #k, #z", "#st = :parked"',
      by: [operations, "dismiss, when only the state"],
    },
  ]),
  ...onDynamo("aws-intake.ts", [
    { condition: "row that stands", from: "attribute_not_exists(#id)", by: ["intake", "made again returns the row"] },
  ]),
];

const readRow = "#st = :st AND #at = :at AND #v = :v";
const counters = "#e = :epoch AND #g = :generation";
const firstCounters = "#e = :epoch AND (attribute_not_exists(#g) OR #g = :generation)";

/** Of `npm run copy`. */
const copying = onDynamo("import-record.ts", [
  {
    condition: "no row where none was read",
    from: "attribute_not_exists(#id)",
    by: [adoption, "is refused when there is a row already"],
  },
  { condition: "state of the row that was read", from: "#st = :st", by: [adoption, "its state has moved"] },
  {
    condition: "attempt of the row that was read",
    from: "#at = :at",
    within: readRow,
    by: [adoption, "its attempt has moved"],
  },
  {
    condition: "version of the row that was read",
    from: "#v = :v",
    within: readRow,
    by: [adoption, "its version has moved"],
  },
  {
    condition: "no head where none was read",
    from: "attribute_not_exists(#id)",
    by: [adoption, "when there is a head already"],
  },
  {
    condition: "epoch that was read",
    from: "#e = :epoch",
    within: `"${counters}"`,
    by: [adoption, "the epoch has moved, after a compaction"],
  },
  {
    condition: "generation that was read",
    from: "#g = :generation",
    within: `"${counters}"`,
    by: [adoption, "the generation has moved"],
  },
  {
    condition: "epoch that was read, before any compaction",
    from: "#e = :epoch",
    within: `"${firstCounters}"`,
    by: [adoption, "the epoch has moved, before any compaction"],
  },
  {
    condition: "no generation where none was read",
    from: "(attribute_not_exists(#g) OR #g = :generation)",
    by: [adoption, "a first compaction has come"],
  },
  {
    condition: "identifier of a copy",
    from: "attribute_not_exists(#p) OR #p = :patient",
    by: [adoption, "is refused when an identifier is another patient's"],
  },
]);

/** Conditions of the writes to DynamoDB. */
export const dynamoRemovals = [...settling, ...leasing, ...compacting, ...changing, ...copying];
