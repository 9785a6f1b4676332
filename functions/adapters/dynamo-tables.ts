import { BatchGetCommand, BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../shared/errors.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";

/** Limits of BatchGetItem and BatchWriteItem, items. */
const mostGet = 100;
const mostWrite = 25;
/** Rounds for what DynamoDB left undone; the pause doubles, from this on, ms. */
const mostRounds = 8;
const firstPauseMs = 20;

type Key = Readonly<Record<string, string>>;

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));

/** Repeats `round` on what it leaves undone. Throws Fault transient when that does not end. */
const untilDone = async <T>({ random }: AwsStore, all: readonly T[], round: (left: T[]) => Promise<T[]>) => {
  let left = [...all];
  for (let n = 0; left.length > 0; n += 1) {
    if (n === mostRounds) throw new Fault("transient", "DynamoDB leaves work undone", { items: left.length });
    if (n > 0) await sleep(firstPauseMs * 2 ** (n - 1) * (0.5 + random() / 2));
    left = await round(left);
  }
};

const getChunk = async (store: AwsStore, table: string, keys: readonly Key[]): Promise<unknown[]> => {
  const items: unknown[] = [];
  await untilDone(store, keys, async (left) => {
    const RequestItems = { [table]: { Keys: left, ConsistentRead: true } };
    const answer = await calling("BatchGetItem", () =>
      store.clients.dynamo.send(new BatchGetCommand({ RequestItems })),
    );
    items.push(...(answer.Responses?.[table] ?? []));
    return (answer.UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
  });
  return items;
};

/** Consistent reads of items by their keys, in no order; keys that have no item are left out. */
export const getItems = async (store: AwsStore, table: string, keys: readonly Key[]): Promise<unknown[]> => {
  const distinct = [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
  const found = await Promise.all(chunks(distinct, mostGet).map((some) => getChunk(store, table, some)));
  return found.flat();
};

/** Deletes items by their keys, whatever they hold. */
export const deleteItems = async (store: AwsStore, table: string, keys: readonly Key[]): Promise<void> => {
  const distinct = [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
  for (const some of chunks(distinct, mostWrite)) {
    await untilDone(store, some, async (left) => {
      const RequestItems = { [table]: left.map((Key) => ({ DeleteRequest: { Key } })) };
      const answer = await calling("BatchWriteItem", () =>
        store.clients.dynamo.send(new BatchWriteCommand({ RequestItems })),
      );
      return (answer.UnprocessedItems?.[table] ?? []).flatMap(({ DeleteRequest }) => {
        const key = DeleteRequest?.Key;
        return key ? [key as Key] : [];
      });
    });
  }
};
