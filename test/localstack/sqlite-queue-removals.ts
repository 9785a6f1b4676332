import { onSqlite } from "./removal.ts";

const contract = "queue";
const unit = "test/unit/sqlite-queue.test.ts";

const removedHidden = "WHERE queue = ? AND name = ? AND number = ? AND visible_at > ?`;\n\nconst hideUntil";
const delayedHidden = "WHERE queue = ? AND name = ? AND number = ? AND visible_at > ?`;\n\nconst removeGroupIfEmpty";

/** Conditions of the queue in SQLite. */
export const sqliteQueueRemovals = [
  ...onSqlite("fifo-send.ts", [
    {
      condition: "deduplication id that is remembered",
      from: "queue_sent.forget_at <= ?3",
      by: [contract, "sent twice is one message"],
    },
    {
      condition: "deduplication id whose time is over",
      from: "queue_sent.forget_at <= ?3",
      never: true,
      by: [unit, "is forgotten after five minutes"],
    },
    {
      condition: "time to forget a deduplication id",
      from: "forget_at <= ?",
      within: "WHERE forget_at <= ? ORDER",
      by: [unit, "is kept for five minutes"],
    },
    {
      condition: "time since a message was sent with its row",
      from: "sent_at > ?",
      by: [unit, "a message sent with its row"],
    },
    {
      condition: "message that was sent with its row",
      from: "sent_at > ?",
      never: true,
      by: ["intake", "sent again soon is still one message"],
    },
  ]),
  ...onSqlite("fifo-receive.ts", [
    {
      condition: "claim that ran out",
      from: "available_at <= ?",
      within: "available_at > 0 AND available_at <= ?",
      by: [contract, "passes over a group while"],
    },
    {
      condition: "group that is claimed",
      from: "available_at = 0",
      within: "WHERE queue = ? AND available_at = 0 ORDER",
      by: [contract, "passes over a group while"],
    },
    {
      condition: "message that was received too often",
      from: "row.receive_count >= store.maxReceiveCount",
      to: "false",
      by: [contract, "moves to the dead letters"],
    },
    {
      condition: "message that was not received too often",
      from: "row.receive_count >= store.maxReceiveCount",
      to: "true",
      by: [contract, "moves to the dead letters"],
    },
  ]),
  ...onSqlite("fifo-finish.ts", [
    {
      condition: "receipt of the last claim",
      from: "claim = ?",
      within: "AND claim = ?",
      by: [contract, "with an earlier receipt of a message in flight"],
    },
    {
      condition: "message deleted while hidden",
      from: "visible_at > ?",
      within: removedHidden,
      by: [contract, "with the receipt of a message that is visible again"],
    },
    {
      condition: "message delayed while hidden",
      from: "visible_at > ?",
      within: delayedHidden,
      by: [contract, "with a stale receipt does nothing"],
    },
    {
      condition: "group without a message",
      from: "NOT EXISTS (SELECT 1 FROM queue_messages WHERE queue = ?1 AND name = ?2)",
      by: [contract, "gives a group's messages in the order they were sent"],
    },
  ]),
];
