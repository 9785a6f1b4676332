import type { Operation } from "../../../shared/operation.ts";
import type { Intake, Submission } from "../../../shared/ports.ts";
import { append, queues, sentAtOf } from "./fifo-send.ts";
import { findOperation, insertOperation } from "./operation-row.ts";
import { deletePayload, putPayload } from "./payloads.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

type Submitted = Awaited<ReturnType<Intake["submit"]>>;

const messageOf = ({ id, patientId, attempt }: Operation) => ({ operationId: id, patientId, attempt });

const keyOf = ({ id, requestHash }: Operation) => ({ operationId: id, requestHash });

/** The row that stands, when it is not ours. Another process's row is visible here only once it is durable: SQLite
 * syncs the log before it shows a commit to other connections. */
const insertOrFind = (sql: Sql, operation: Operation, sentAt: number | null = null): Operation | undefined => {
  if (insertOperation(sql, operation, sentAt)) return undefined;
  const standing = findOperation(sql, operation.id);
  if (!standing) throw new Error("an operation row vanished inside a transaction");
  return standing;
};

/** All three in one transaction: nobody sees an order among them. */
const submitAtOnce = (store: Store, { operation, payload }: Submission): Promise<Submitted> =>
  store.writer.write("power-cut", (sql) => {
    const now = store.now();
    const message = messageOf(operation);
    const sentAt = sentAtOf(message, now);
    const standing = insertOrFind(sql, operation, sentAt);
    if (standing) return { operation: standing, created: false };
    putPayload(sql, keyOf(operation), { bytes: payload, storedAt: now });
    if (sentAt === null) store.send(sql, message, now);
    else append(sql, queues.operations, { message, now });
    return { operation, created: true };
  });

/** One transaction each, as on an engine without transactions, so that a test can end the process in between. */
const submitStepwise = async (store: Store, { operation, payload }: Submission): Promise<Submitted> => {
  const { writer, now, reach } = store;
  await writer.write("power-cut", (sql) => putPayload(sql, keyOf(operation), { bytes: payload, storedAt: now() }));
  await reach("after-payload");
  const standing = await writer.write("power-cut", (sql) => insertOrFind(sql, operation));
  if (standing) {
    if (standing.requestHash !== operation.requestHash) {
      await writer.write("process-end", (sql) => deletePayload(sql, keyOf(operation)));
    }
    return { operation: standing, created: false };
  }
  await reach("after-operation-row");
  await writer.write("power-cut", (sql) => store.send(sql, messageOf(operation), now()));
  await reach("after-send");
  return { operation, created: true };
};

const points = ["after-payload", "after-operation-row", "after-send"] as const;

const submit = async (store: Store, submission: Submission): Promise<Submitted> => {
  const { armed, reach } = store;
  if (points.some(armed)) return submitStepwise(store, submission);
  // Not armed, so this only counts; at once, so that no other submission comes between asking and counting.
  for (const point of points) void reach(point);
  return submitAtOnce(store, submission);
};

/** The way in: payload, row and message. */
export const sqliteIntake = (store: Store): Intake => ({
  submit: (submission) => submit(store, submission),
  send: (message) => store.writer.write("power-cut", (sql) => store.send(sql, message, store.now())),
});
