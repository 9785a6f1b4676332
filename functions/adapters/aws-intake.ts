import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { Operation } from "../../shared/operation.ts";
import type { Intake, OperationQueue, Submission } from "../../shared/ports.ts";
import { calling, isNamed } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { onlyIf } from "./dynamo-names.ts";
import { deletePayloads } from "./dynamo-payloads.ts";
import { itemOf, type OperationItem } from "./operation-item.ts";
import { putPayload } from "./payload-item.ts";
import { readOperations } from "./read-operations.ts";
import { withPayload } from "./row-payload.ts";

const isAbsent = onlyIf("attribute_not_exists(#id)");

/** The row that stands, when it is not ours. A repeat of a try that landed finds our own: a replay, sent again there. */
const insertOrFind = async (store: AwsStore, row: OperationItem): Promise<Operation | undefined> => {
  const { clients, names } = store;
  const put = new PutCommand({ TableName: names.tables.operations, Item: row, ...isAbsent });
  return calling("PutItem operations", async () => {
    try {
      await clients.dynamo.send(put);
      return undefined;
    } catch (cause) {
      if (!isNamed(cause, "ConditionalCheckFailedException")) throw cause;
      const [standing] = await readOperations(store, [row.id]);
      if (!standing) throw cause;
      return standing;
    }
  });
};

/** A payload is needed while its operation may run: not of another request, nor when a twin of ours is settled. */
const isNeeded = ({ requestHash }: Operation, standing: Operation): boolean =>
  standing.requestHash === requestHash && (standing.state === "queued" || standing.state === "parked");

const submit = async (
  store: AwsStore,
  queue: OperationQueue,
  { operation, payload }: Submission,
): Promise<Awaited<ReturnType<Intake["submit"]>>> => {
  const { id, patientId, attempt, requestHash } = operation;
  const key = { operationId: id, requestHash };
  const row = itemOf(operation);
  const whole = withPayload(row, payload);
  if (whole === undefined) await putPayload(store, key, payload);
  await store.reach("after-payload");
  const standing = await insertOrFind(store, whole ?? { ...row, pa: true });
  if (standing) {
    if (whole === undefined && !isNeeded(operation, standing)) await deletePayloads(store, [key]);
    return { operation: standing, created: false };
  }
  await store.reach("after-operation-row");
  await queue.send({ operationId: id, patientId, attempt });
  await store.reach("after-send");
  return { operation, created: true };
};

/** The way in, in this order: a payload that is too large for its row, so that a row never lacks one; row, if there is none; message. */
export const awsIntake = (store: AwsStore, queue: OperationQueue): Intake => ({
  submit: (submission) => submit(store, queue, submission),
  send: queue.send,
});
