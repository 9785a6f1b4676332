import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Instant, Operation, OperationId } from "../../shared/operation.ts";
import type { Listed, Page, PayloadKey, Payloads } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { namesIn } from "./dynamo-names.ts";
import { deleteItems } from "./dynamo-tables.ts";
import { type OperationItem, operationOf } from "./operation-item.ts";
import { type PayloadItem, payloadItemKey, payloadsApart } from "./payload-item.ts";
import { readItems } from "./read-operations.ts";
import { payloadIn } from "./row-payload.ts";

export const deletePayloads = (store: AwsStore, keys: readonly PayloadKey[]): Promise<void> =>
  deleteItems(store, store.names.tables.payloads, keys.map(payloadItemKey));

const get = async (store: AwsStore, keys: readonly PayloadKey[]): Promise<readonly (Uint8Array | undefined)[]> => {
  const ids = keys.map(({ operationId }) => operationId);
  const [items, apart] = await Promise.all([readItems(store, ids), payloadsApart(store, keys)]);
  return keys.map(({ requestHash }, index) => {
    const item = items[index];
    return (item?.h === requestHash ? payloadIn(item) : undefined) ?? apart[index];
  });
};

const isSettled = (item: OperationItem | undefined): item is OperationItem =>
  item?.st === "committed" || item?.st === "rejected";

const deleteSettled = async (store: AwsStore, ids: readonly OperationId[]): Promise<readonly Operation[]> => {
  const settled = (await readItems(store, ids)).filter(isSettled);
  const apart = settled.filter(({ pa }) => pa === true);
  await deletePayloads(
    store,
    apart.map(({ id, h }) => ({ operationId: id, requestHash: h })),
  );
  return settled.map(operationOf);
};

const storedBefore = "#t < :before";

/** A walk through the whole table: it holds no more than what is large and not settled. */
const listOlder = async (
  { clients, names }: AwsStore,
  before: Instant,
  { limit, after }: Page,
): Promise<Listed<PayloadKey & { readonly storedAt: Instant }>> => {
  const [id, h] = after?.split("#") ?? [];
  const attributes = "#id, #h, #t";
  const scan = new ScanCommand({
    TableName: names.tables.payloads,
    FilterExpression: storedBefore,
    ProjectionExpression: attributes,
    ExpressionAttributeNames: namesIn(storedBefore, attributes),
    ExpressionAttributeValues: { ":before": before },
    Limit: limit,
    ...(after !== undefined && { ExclusiveStartKey: { id, h } }),
  });
  const { Items = [], LastEvaluatedKey: last } = await calling("Scan payloads", () => clients.dynamo.send(scan));
  const items = (Items as Omit<PayloadItem, "z">[]).map((item) => ({
    operationId: item.id,
    requestHash: item.h,
    storedAt: item.t,
  }));
  return last === undefined ? { items } : { items, next: `${String(last["id"])}#${String(last["h"])}` };
};

/** Contents of operations that are not settled yet: of the small ones in their rows, of the others one item each. */
export const dynamoPayloads = (store: AwsStore): Payloads => ({
  get: (keys) => get(store, keys),
  delete: (keys) => deletePayloads(store, keys),
  deleteSettled: (ids) => deleteSettled(store, ids),
  listOlder: (before, page) => listOlder(store, before, page),
});
