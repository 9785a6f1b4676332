import { dynamoRemovals } from "./dynamo-removals.ts";
import type { Removal } from "./removal.ts";
import { sqliteRemovals } from "./sqlite-removals.ts";

/** Each condition of a write of both engines' stores that is more than the key of a row; and see `spared`. */
export const removals: readonly Removal[] = [...dynamoRemovals, ...sqliteRemovals];

/** Conditions that no test can miss, because without them everything is as it is with them. */
export const spared = [
  {
    file: "infra/local/sqlite/fifo-receive.ts",
    text: "WHERE queue = ? AND available_at > 0",
    why: "what is 0 would be set to 0: it saves writes",
  },
  {
    file: "infra/local/sqlite/fifo-receive.ts",
    text: "WHERE queue = ? AND available_at <= ? LIMIT 1",
    why: "asked before the transaction that asks again: it saves an empty one",
  },
  {
    file: "infra/local/sqlite/segment-rows.ts",
    text: "ON CONFLICT (patient_id, id, part) DO NOTHING",
    why: "a segment's id is used for one text of bytes only, so a repeat would write the same",
  },
  {
    file: "infra/local/sqlite/payloads.ts",
    text: "ON CONFLICT (operation_id, request_hash) DO NOTHING",
    why: "the key holds the hash of the request, so a repeat would write the same",
  },
  {
    file: "infra/local/sqlite/effects.ts",
    text: "ON CONFLICT (id) DO NOTHING",
    why: "an effect's id is used once, in the transaction that causes it",
  },
  {
    file: "functions/adapters/compact-head.ts",
    text: "OR #g = :generation)",
    why: "beside attribute_not_exists(#g), for a generation of 0: the attribute is never written with it",
  },
  {
    file: "functions/adapters/import-record.ts",
    text: "OR #g = :generation)",
    why: "beside attribute_not_exists(#g), for a generation of 0: the attribute is never written with it",
  },
  {
    file: "functions/adapters/dynamo-heads.ts",
    text: "OR #lo = :owner",
    why: "an owner is a fresh id for each acquire: it lets the repeat of a call pass whose answer was lost, and saves a lease's time",
  },
] as const;
