import type { OperationQueue } from "../../../shared/ports.ts";
import { delayReceived, removeReceived } from "./fifo-finish.ts";
import { receive } from "./fifo-receive.ts";
import { queues } from "./fifo-send.ts";
import type { QueueNumber } from "./fifo-send.ts";
import type { Store } from "./store.ts";

type ReceiveAndDelete = OperationQueue["deadLetters"];

const countMessages = `
  SELECT count(*) FILTER (WHERE queue = 0 AND visible_at > ?1) AS inFlight,
    count(*) FILTER (WHERE queue = 0 AND visible_at <= ?1) AS visible,
    count(*) FILTER (WHERE queue = 1) AS dead
  FROM queue_messages`;

const receiveAndDelete = (store: Store, queue: QueueNumber): ReceiveAndDelete => ({
  receive: (max) => receive(store, queue, max),
  delete: async (receipts) => {
    if (receipts.length === 0) return;
    await store.writer.write("process-end", (sql) => removeReceived(sql, { queue, now: store.now() }, receipts));
  },
});

/**
 * FIFO with groups in three tables: a row for each group that has messages, the messages, and the deduplication ids of
 * the last five minutes. Receiving looks at groups only, so its cost does not grow with what is queued.
 */
export const sqliteQueue = (store: Store): OperationQueue => ({
  ...receiveAndDelete(store, queues.operations),
  send: (message) => store.writer.write("power-cut", (sql) => store.send(sql, message, store.now())),
  delay: async (receipts, seconds) => {
    if (receipts.length === 0) return;
    await store.writer.write("process-end", (sql) => {
      const now = store.now();
      delayReceived(sql, { queue: queues.operations, now, until: now + seconds * 1_000 }, receipts);
    });
  },
  deadLetters: receiveAndDelete(store, queues.deadLetters),
  depth: async () => {
    const row = store.reader.get<{ visible: number; inFlight: number; dead: number }>(countMessages, store.now());
    return { visible: row?.visible ?? 0, inFlight: row?.inFlight ?? 0, dead: row?.dead ?? 0 };
  },
});
