import { onSqlite } from "./removal.ts";
import { sqliteQueueRemovals } from "./sqlite-queue-removals.ts";

const heads = "heads";
const operations = "operations";
const adoption = "adoption";
const claimTests = "test/unit/sqlite-claims.test.ts";

const ofMoveHead = "commit_id IS ?8 AND ${currentEpoch} = ?1";
const ofKeepHead = "commit_id IS ?3 AND ${currentEpoch} = ?1";

const settling = onSqlite("settle.ts", [
  { condition: "head", from: "commit_id IS ?8", by: [heads, "only the head's commit moved"] },
  { condition: "epoch", from: "${currentEpoch} = ?1", within: ofMoveHead, by: [heads, "only the epoch moved"] },
  {
    condition: "head of a settle without a commit",
    from: "commit_id IS ?3",
    by: [heads, "without a commit, only the head's commit moved"],
  },
  {
    condition: "epoch of a settle without a commit",
    from: "${currentEpoch} = ?1",
    within: ofKeepHead,
    by: [heads, "without a commit, only the epoch moved"],
  },
  { condition: "operation state", from: "state = 'queued'", by: [heads, "only an operation's state moved"] },
  { condition: "attempt", from: "attempt = ?", by: [heads, "only an operation's attempt moved"] },
  { condition: "state for parking", from: "state = 'queued'", by: [operations, "park, when only the state"] },
  { condition: "attempt for parking", from: "attempt = ?", by: [operations, "park, when only the attempt"] },
  {
    condition: "identifier",
    from: "identifiers.patient_id = excluded.patient_id",
    by: [heads, "only an identifier belongs"],
  },
  {
    condition: "identifier of its own patient",
    from: "identifiers.patient_id = excluded.patient_id",
    never: true,
    by: [heads, "may be claimed again by its owner"],
  },
  {
    condition: "identifier given up",
    from: "patient_id = ?",
    within: "value = ? AND patient_id = ?",
    by: [heads, "is not freed by a patient that does not own it"],
  },
  {
    condition: "summary of a newer commit",
    from: "excluded.commits >= summaries.commits",
    by: [heads, "never overwritten"],
  },
]);

const leasing = onSqlite("heads.ts", [
  { condition: "lease", from: "leases.until > ?6", by: [heads, "keeps another writer out"] },
  { condition: "lease that ran out", from: "leases.until <= ?5", never: true, by: [heads, "that has run out"] },
  { condition: "lease too far ahead", from: "leases.until > ?6", never: true, by: [heads, "implausibly late"] },
  { condition: "owner that gives back", from: "owner = ?", within: "AND owner = ?", by: [heads, "is not given back"] },
  {
    condition: "generation",
    from: "generation = ?",
    within: "AND generation = ?",
    by: [heads, "only the generation moved"],
  },
  {
    condition: "head to compact",
    from: "throw moved()",
    within: "if (!row) throw moved()",
    to: "return",
    by: [heads, "when there is no record"],
  },
  {
    condition: "packs that are there",
    from: "present[id]?.sealed",
    to: "(present[id]?.sealed ?? true)",
    by: [heads, "only a pack it merges is gone"],
  },
  {
    condition: "sealed packs",
    from: "present[id]?.sealed",
    to: "present[id]",
    by: [heads, "only a pack it merges is not sealed"],
  },
]);

const givingBack = onSqlite("processes.ts", [
  {
    condition: "leases of the process that is gone",
    from: "process = ?",
    within: "FROM leases WHERE process = ?",
    by: [claimTests, "keep their leases"],
  },
  {
    condition: "messages of the process that is gone",
    from: "process = ?",
    within: "FROM queue_groups WHERE process = ?",
    by: [claimTests, "keep their messages"],
  },
  {
    condition: "messages that were hidden",
    from: "visible_at > 0",
    by: [claimTests, "keep their messages"],
  },
  {
    condition: "claims of the process that is gone",
    from: "process = ?",
    within: "process = NULL WHERE process = ?",
    by: [claimTests, "keep their messages"],
  },
]);

const changing = [
  ...onSqlite("operations.ts", [
    {
      condition: "state for tries",
      from: "state = 'queued'",
      within: "state = 'queued' AND attempt = ?",
      by: [operations, "tries, when only the state"],
    },
    {
      condition: "attempt for tries",
      from: "attempt = ?",
      within: "state = 'queued' AND attempt = ?",
      by: [operations, "tries, when only the attempt"],
    },
    {
      condition: "state for redrive",
      from: "state = 'parked'",
      within: "problem = NULL\n  WHERE id = ? AND state = 'parked'",
      by: [operations, "redrive, when only the state"],
    },
    {
      condition: "state for dismiss",
      from: "state = 'parked'",
      within: "problem = ?\n  WHERE id = ? AND state = 'parked'",
      by: [operations, "dismiss, when only the state"],
    },
  ]),
  ...onSqlite("operation-row.ts", [
    {
      condition: "row that stands",
      from: "DO NOTHING",
      to: "DO UPDATE SET tries = excluded.tries",
      by: ["intake", "made again returns the row"],
    },
  ]),
];

const ofReadRow = "state = ? AND attempt = ? AND version = ?";

/** Of `npm run copy`. */
const copying = onSqlite("import-record.ts", [
  {
    condition: "no row where none was read",
    from: "!insertOperation(sql, operation)",
    to: "(insertOperation(sql, operation), false)",
    by: [adoption, "is refused when there is a row already"],
  },
  {
    condition: "state of the row that was read",
    from: "state = ?",
    within: ofReadRow,
    by: [adoption, "its state has moved"],
  },
  {
    condition: "attempt of the row that was read",
    from: "attempt = ?",
    within: ofReadRow,
    by: [adoption, "its attempt has moved"],
  },
  {
    condition: "version of the row that was read",
    from: "version = ?",
    within: ofReadRow,
    by: [adoption, "its version has moved"],
  },
  {
    condition: "no head where none was read",
    from: "DO NOTHING",
    to: "DO UPDATE SET epoch = excluded.epoch",
    by: [adoption, "when there is a head already"],
  },
  { condition: "epoch that was read", from: "${currentEpoch} = ?", by: [adoption, "the epoch has moved"] },
  {
    condition: "generation that was read",
    from: "generation = ?",
    within: "AND generation = ?",
    by: [adoption, "the generation has moved"],
  },
]);

/** Conditions of the writes to SQLite. */
export const sqliteRemovals = [...settling, ...leasing, ...givingBack, ...changing, ...sqliteQueueRemovals, ...copying];
