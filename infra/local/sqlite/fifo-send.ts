import type { OperationMessage } from "../../../shared/operation.ts";
import type { Sql } from "./sql.ts";

/** The two queues of the tables. */
export const queues = { operations: 0, deadLetters: 1 } as const;
export type QueueNumber = (typeof queues)[keyof typeof queues];

/** How long a deduplication id is remembered, also after its message was deleted (SQS FIFO: 5 minutes). */
const rememberMs = 5 * 60_000;
/** Forgetting more than is remembered keeps the table as small as the load of the last five minutes. */
const sendsBetweenForgetting = 64;
const forgetAtOnce = 2 * sendsBetweenForgetting;

const forget = `
  DELETE FROM queue_sent WHERE id IN (SELECT id FROM queue_sent WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)`;

const remember = `
  INSERT INTO queue_sent (id, forget_at) VALUES (?1, ?2)
  ON CONFLICT (id) DO UPDATE SET forget_at = excluded.forget_at WHERE queue_sent.forget_at <= ?3`;

/** The row of a new operation remembers its first message: no other has been sent. */
const firstAttempt = 1;
const selectSentWithRow = "SELECT 1 AS found FROM operations WHERE id = ? AND sent_at > ?";

const nextNumber = `
  INSERT INTO queue_groups (queue, name, available_at, turn, last) VALUES (?, ?, 0, ?, 1)
  ON CONFLICT (queue, name) DO UPDATE SET last = last + 1 RETURNING last`;

const insertMessage = "INSERT INTO queue_messages (queue, name, number, operation_id, attempt) VALUES (?, ?, ?, ?, ?)";

/** Puts a message at the end of its group. */
export const append = (
  sql: Sql,
  queue: QueueNumber,
  { message, now }: { readonly message: OperationMessage; readonly now: number },
): void => {
  const { operationId, patientId, attempt } = message;
  const number = sql.get<{ last: number }>(nextNumber, queue, patientId, now)?.last ?? 1;
  sql.run(insertMessage, queue, patientId, number, operationId, attempt);
};

/** What a new operation's row says of its message when both are written at once; null: the message is sent apart. */
export const sentAtOf = ({ attempt }: OperationMessage, now: number): number | null =>
  attempt === firstAttempt ? now : null;

const wasSentWithRow = (sql: Sql, { operationId, attempt }: OperationMessage, now: number): boolean =>
  attempt === firstAttempt && sql.get(selectSentWithRow, operationId, now - rememberMs) !== undefined;

/** How a process sends. */
export type Send = (sql: Sql, message: OperationMessage, now: number) => void;

/** A sender drops a message whose deduplication id was sent within the last five minutes, and forgets older ids. */
export const sender = (): Send => {
  let sends = 0;
  return (sql, message, now) => {
    if (wasSentWithRow(sql, message, now)) return;
    if (sends % sendsBetweenForgetting === 0) sql.run(forget, now, forgetAtOnce);
    sends += 1;
    const isNew = sql.run(remember, `${message.operationId}#${message.attempt}`, now + rememberMs, now) === 1;
    if (isNew) append(sql, queues.operations, { message, now });
  };
};
