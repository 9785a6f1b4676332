import type { QueueNumber } from "./fifo-send.ts";
import { groupReceipts } from "./receipt.ts";
import type { Receipt } from "./receipt.ts";
import type { Sql } from "./sql.ts";

/** A receipt is good while its claim is the group's last and its message is still hidden. */
const selectInFlight = "SELECT in_flight FROM queue_groups WHERE queue = ? AND name = ? AND claim = ?";

const removeHidden = `
  DELETE FROM queue_messages WHERE queue = ? AND name = ? AND number = ? AND visible_at > ?`;

const hideUntil = `
  UPDATE queue_messages SET visible_at = ? WHERE queue = ? AND name = ? AND number = ? AND visible_at > ?`;

const removeGroupIfEmpty = `
  DELETE FROM queue_groups WHERE queue = ?1 AND name = ?2
  AND NOT EXISTS (SELECT 1 FROM queue_messages WHERE queue = ?1 AND name = ?2)`;

const freeGroup = `
  UPDATE queue_groups SET available_at = 0, turn = ?, in_flight = 0, claim = NULL, process = NULL
  WHERE queue = ? AND name = ?`;

/** Messages in flight are always the first of their group, so their number tells which. */
const blockGroup = `
  UPDATE queue_groups SET in_flight = ?3, available_at = (
    SELECT max(visible_at) FROM
      (SELECT visible_at FROM queue_messages WHERE queue = ?1 AND name = ?2 ORDER BY number LIMIT ?3))
  WHERE queue = ?1 AND name = ?2`;

interface At {
  readonly queue: QueueNumber;
  readonly now: number;
}

const inFlightOf = (sql: Sql, queue: QueueNumber, { name, claim }: Receipt): number =>
  sql.get<{ in_flight: number }>(selectInFlight, queue, name, claim)?.in_flight ?? 0;

const removeOfGroup = (sql: Sql, { queue, now }: At, receipts: readonly Receipt[]): void => {
  const [first] = receipts;
  if (!first) return;
  const { name } = first;
  const before = inFlightOf(sql, queue, first);
  if (before === 0) return;
  let left = before;
  for (const { number } of receipts) left -= sql.run(removeHidden, queue, name, number, now);
  if (left === before) return;
  if (left > 0) sql.run(blockGroup, queue, name, left);
  else if (sql.run(removeGroupIfEmpty, queue, name) === 0) sql.run(freeGroup, now, queue, name);
};

const delayOfGroup = (sql: Sql, { queue, now, until }: At & { until: number }, receipts: readonly Receipt[]): void => {
  const [first] = receipts;
  if (!first) return;
  const inFlight = inFlightOf(sql, queue, first);
  if (inFlight === 0) return;
  let delayed = 0;
  for (const { name, number } of receipts) delayed += sql.run(hideUntil, until, queue, name, number, now);
  if (delayed > 0) sql.run(blockGroup, queue, first.name, inFlight);
};

/** Deletes the messages of good receipts. */
export const removeReceived = (sql: Sql, at: At, receipts: readonly string[]): void => {
  for (const group of groupReceipts(receipts)) removeOfGroup(sql, at, group);
};

/** Makes the messages of good receipts visible at `until`; their groups stay blocked as long. */
export const delayReceived = (sql: Sql, at: At & { readonly until: number }, receipts: readonly string[]): void => {
  for (const group of groupReceipts(receipts)) delayOfGroup(sql, at, group);
};
