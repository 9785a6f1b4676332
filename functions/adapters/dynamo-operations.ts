import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Fault } from "../../shared/errors.ts";
import type { Operation, OperationId, Outcome } from "../../shared/operation.ts";
import type { Operations } from "../../shared/ports.ts";
import { calling, isNamed } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { countQueued, laterSettled } from "./count-operations.ts";
import { updating } from "./dynamo-names.ts";
import { listOperations, listQueuedOperations } from "./list-operations.ts";
import { type OperationItem, operationOf } from "./operation-item.ts";
import { readAsked, readOperations } from "./read-operations.ts";
import { settleOperation } from "./settle-operation.ts";

type Change = Omit<ReturnType<typeof settleOperation>, "ExpressionAttributeValues"> & {
  readonly ExpressionAttributeValues: Record<string, string | number>;
};

/** Throws Fault operations-moved when the row is not as the condition says. */
const change = async ({ clients, names }: AwsStore, id: OperationId, conditional: Change): Promise<Operation> => {
  const update = new UpdateCommand({
    TableName: names.tables.operations,
    ...conditional,
    ReturnValues: "ALL_NEW",
  });
  return calling("UpdateItem operations", async () => {
    try {
      return operationOf((await clients.dynamo.send(update)).Attributes as OperationItem);
    } catch (cause) {
      if (!isNamed(cause, "ConditionalCheckFailedException")) throw cause;
      throw new Fault("operations-moved", "the operation is not in the expected state", { operationIds: [id] });
    }
  });
};

const writeTries = updating("SET #tr = :tries", "#st = :queued AND #at = :attempt");

const queueAgain = updating(
  "SET #st = :queued, #q = #p, #at = #at + :one, #tr = :zero, #v = #v + :one REMOVE #k, #pr",
  "#st = :parked",
);

const redriven = (id: OperationId): Change => ({
  Key: { id },
  ...queueAgain,
  ExpressionAttributeValues: {
    ":queued": "queued",
    ":one": 1,
    ":zero": 0,
    ":parked": "parked",
  },
});

const reject = updating("SET #st = :rejected, #v = #v + :one, #sa = :sa, #pr = :pr REMOVE #k, #z", "#st = :parked");

const dismissed = ({ operationId, settledAt, problem }: Outcome): Change => ({
  Key: { id: operationId },
  ...reject,
  ExpressionAttributeValues: {
    ":rejected": "rejected",
    ":one": 1,
    ":sa": settledAt,
    ":pr": JSON.stringify(problem),
    ":parked": "parked",
  },
});

/** Operation rows; each change is one conditional update of the state it starts from. */
export const dynamoOperations = (store: AwsStore): Operations => ({
  get: (ids) => readOperations(store, ids),
  getAsked: (ids) => readAsked(store, ids),
  list: (query) => listOperations(store, query),
  countQueued: (patientId, limit) => countQueued(store, patientId, limit),
  listQueued: (before, page) => listQueuedOperations(store, before, page),
  laterSettled: (patientId, submittedAt) => laterSettled(store, patientId, submittedAt),
  setTries: async (id, attempt, tries) => {
    const values = { ":tries": tries, ":queued": "queued", ":attempt": attempt };
    await change(store, id, { Key: { id }, ...writeTries, ExpressionAttributeValues: values });
  },
  park: async (outcome) => {
    await change(store, outcome.operationId, settleOperation({ ...outcome, state: "parked" }));
  },
  redrive: (id) => change(store, id, redriven(id)),
  dismiss: (outcome) => change(store, outcome.operationId, dismissed(outcome)),
});
