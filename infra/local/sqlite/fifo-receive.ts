import type { OperationMessage } from "../../../shared/operation.ts";
import type { ReceivedMessage } from "../../../shared/ports.ts";
import { append, queues } from "./fifo-send.ts";
import type { QueueNumber } from "./fifo-send.ts";
import { receiptOf } from "./receipt.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

type MessageRow = { number: number; operation_id: string; attempt: number; receive_count: number };

const isAnyAvailable = "SELECT 1 AS found FROM queue_groups WHERE queue = ? AND available_at <= ? LIMIT 1";

/** A claim that ran out goes first: its turn is older. */
const endClaims = "UPDATE queue_groups SET available_at = 0 WHERE queue = ? AND available_at > 0 AND available_at <= ?";

const selectGroups = "SELECT name FROM queue_groups WHERE queue = ? AND available_at = 0 ORDER BY turn LIMIT ?";

const selectMessages = `
  SELECT number, operation_id, attempt, receive_count FROM queue_messages
  WHERE queue = ? AND name = ? ORDER BY number LIMIT ?`;

const hideMessage = `
  UPDATE queue_messages SET receive_count = receive_count + 1, visible_at = ?
  WHERE queue = ? AND name = ? AND number = ?`;

const claimGroup = `
  UPDATE queue_groups SET available_at = ?, in_flight = ?, claim = ?, process = ? WHERE queue = ? AND name = ?`;

const removeMessage = "DELETE FROM queue_messages WHERE queue = ? AND name = ? AND number = ?";

const removeGroup = "DELETE FROM queue_groups WHERE queue = ? AND name = ?";

interface Receiving {
  readonly sql: Sql;
  readonly store: Store;
  readonly queue: QueueNumber;
  readonly now: number;
  readonly claim: string;
}

const messageOf = (name: string, row: MessageRow): OperationMessage => ({
  operationId: row.operation_id,
  patientId: name,
  attempt: row.attempt,
});

const receivedOf = ({ claim }: Receiving, name: string, row: MessageRow): ReceivedMessage => ({
  messageId: `${row.operation_id}#${row.attempt}`,
  receipt: receiptOf({ name, number: row.number, claim }),
  group: name,
  body: JSON.stringify(messageOf(name, row)),
  receiveCount: row.receive_count + 1,
});

/** Moves a message that was received too often to the dead-letter queue. */
const bury = ({ sql, queue, now }: Receiving, name: string, row: MessageRow): void => {
  sql.run(removeMessage, queue, name, row.number);
  append(sql, queues.deadLetters, { message: messageOf(name, row), now });
};

/** The first messages of a group, when those received too often are out of the way. */
const firstMessages = (receiving: Receiving, name: string, max: number): MessageRow[] => {
  const { sql, store, queue } = receiving;
  for (;;) {
    const rows = sql.all<MessageRow>(selectMessages, queue, name, max);
    if (queue === queues.deadLetters) return rows;
    const spent = rows.filter((row) => row.receive_count >= store.maxReceiveCount);
    if (spent.length === 0) return rows;
    for (const row of spent) bury(receiving, name, row);
  }
};

/** The first messages of a group, hidden; the group is blocked until they are deleted or visible again. */
const claimMessages = (receiving: Receiving, name: string, max: number): ReceivedMessage[] => {
  const { sql, store, queue, now, claim } = receiving;
  const rows = firstMessages(receiving, name, max);
  if (rows.length === 0) {
    sql.run(removeGroup, queue, name);
    return [];
  }
  const until = now + store.visibilityS * 1_000;
  for (const { number } of rows) sql.run(hideMessage, until, queue, name, number);
  sql.run(claimGroup, until, rows.length, claim, store.processId, queue, name);
  return rows.map((row) => receivedOf(receiving, name, row));
};

const receiveInTurn = (receiving: Receiving, max: number): ReceivedMessage[] => {
  const { sql, queue, now } = receiving;
  sql.run(endClaims, queue, now);
  const received: ReceivedMessage[] = [];
  for (;;) {
    let emptied = 0;
    for (const { name } of sql.all<{ name: string }>(selectGroups, queue, max)) {
      if (received.length >= max) break;
      const messages = claimMessages(receiving, name, max - received.length);
      if (messages.length === 0) emptied += 1;
      received.push(...messages);
    }
    // A group whose messages were all dead letters took another group's place in the selection.
    if (received.length >= max || emptied === 0) return received;
  }
};

/** Up to `max` messages of available groups, each group in order. Writes nothing when none is available. */
export const receive = async (store: Store, queue: QueueNumber, max: number): Promise<readonly ReceivedMessage[]> => {
  if (!store.reader.get(isAnyAvailable, queue, store.now())) return [];
  return store.writer.write("process-end", (sql) =>
    receiveInTurn({ sql, store, queue, now: store.now(), claim: store.newId() }, max),
  );
};
