import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Instant } from "../../shared/operation.ts";
import type { PayloadKey } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { getItems } from "./dynamo-tables.ts";

/** A payload that is too large for its row. */
export interface PayloadItem {
  /** Operation id and request hash. */
  readonly id: string;
  readonly h: string;
  /** Time it was stored. */
  readonly t: Instant;
  /** The payload, deflated. */
  readonly z: Uint8Array;
}

export const payloadItemKey = ({ operationId, requestHash }: PayloadKey) => ({ id: operationId, h: requestHash });

/**
 * Stores a payload apart; one of the same key holds the same bytes. Deflated, because an item takes 400 KB at most and each
 * KB costs: a request of 256 KiB may be six times as long as JSON (control characters), which deflates to less than it was.
 */
export const putPayload = async (store: AwsStore, key: PayloadKey, bytes: Uint8Array): Promise<void> => {
  const t = new Date(store.now()).toISOString();
  const Item: PayloadItem = { ...payloadItemKey(key), t, z: deflateRawSync(bytes) };
  const put = new PutCommand({ TableName: store.names.tables.payloads, Item });
  await calling("PutItem payloads", () => store.clients.dynamo.send(put));
};

/** Consistent reads of payloads that lie apart, in the order asked. */
export const payloadsApart = async (
  store: AwsStore,
  keys: readonly PayloadKey[],
): Promise<readonly (Uint8Array | undefined)[]> => {
  const items = (await getItems(store, store.names.tables.payloads, keys.map(payloadItemKey))) as PayloadItem[];
  const found = new Map(items.map(({ id, h, z }) => [`${id}#${h}`, z]));
  return keys.map(({ operationId, requestHash }) => {
    const deflated = found.get(`${operationId}#${requestHash}`);
    return deflated && inflateRawSync(deflated);
  });
};
