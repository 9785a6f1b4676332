import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { PayloadKey, Payloads } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import { type AwsStore, shardOf, shards } from "./aws-store.ts";
import { checkedCursor } from "./checked-cursor.ts";
import { deleteItems, getItems } from "./dynamo-tables.ts";
import { timeKey, timeOf } from "./operation-item.ts";
import { keysInOrder, pageFrom } from "./sorted-keys.ts";

interface PayloadItem {
  readonly id: string;
  readonly h: string;
  readonly s: string;
  /** Time it was stored, operation id and request hash. */
  readonly t: string;
  /** The payload, deflated. */
  readonly z: Uint8Array;
}

type PayloadKeyItem = Omit<PayloadItem, "z">;

const itemKey = ({ operationId, requestHash }: PayloadKey) => ({ id: operationId, h: requestHash });

/**
 * Stores a payload; one of the same key holds the same bytes. Deflated, because an item takes 400 KB at most and each KB
 * costs: a request of 256 KiB may be six times as long as JSON (control characters), which deflates to less than it was.
 */
export const putPayload = async (store: AwsStore, key: PayloadKey, bytes: Uint8Array): Promise<void> => {
  const { operationId, requestHash } = key;
  const t = `${timeKey(new Date(store.now()).toISOString(), operationId)}#${requestHash}`;
  const Item: PayloadItem = { ...itemKey(key), s: shardOf(operationId), t, z: deflateRawSync(bytes) };
  const put = new PutCommand({ TableName: store.names.tables.payloads, Item });
  await calling("PutItem payloads", () => store.clients.dynamo.send(put));
};

export const deletePayloads = (store: AwsStore, keys: readonly PayloadKey[]): Promise<void> =>
  deleteItems(store, store.names.tables.payloads, keys.map(itemKey));

const get = async (store: AwsStore, keys: readonly PayloadKey[]): Promise<readonly (Uint8Array | undefined)[]> => {
  const items = (await getItems(store, store.names.tables.payloads, keys.map(itemKey))) as PayloadItem[];
  const found = new Map(items.map(({ id, h, z }) => [`${id}#${h}`, z]));
  return keys.map(({ operationId, requestHash }) => {
    const deflated = found.get(`${operationId}#${requestHash}`);
    return deflated && inflateRawSync(deflated);
  });
};

/** Contents of operations that are not settled yet, one item each. */
export const dynamoPayloads = (store: AwsStore): Payloads => ({
  get: (keys) => get(store, keys),
  delete: (keys) => deletePayloads(store, keys),
  listOlder: async (before, { limit, after }) => {
    const index = { table: store.names.tables.payloads, index: "byAge", partitionKey: "s", sortKey: "t" };
    const walk = { partitions: shards, above: checkedCursor(after), below: before, pageSize: limit + 1 };
    return pageFrom(keysInOrder<PayloadKeyItem>(store, index, walk), limit, {
      load: async (keys) => keys.map(({ id, h, t }) => ({ operationId: id, requestHash: h, storedAt: timeOf(t) })),
      cursor: ({ t }) => t,
      chunk: limit + 1,
    });
  },
});
