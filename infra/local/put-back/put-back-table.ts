import { isDeepStrictEqual } from "node:util";
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  ScanCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { setTimeout as sleep } from "node:timers/promises";
import type { TableDefinition } from "../../../functions/adapters/table-definitions.ts";

type Item = Record<string, AttributeValue>;

export interface PutBack {
  readonly from: string;
  readonly to: string;
  readonly definition: TableDefinition;
  /** Count only. */
  readonly dryRun: boolean;
}

/** Items that were read, written over or back, and deleted. */
export interface Counts {
  readonly items: number;
  readonly put: number;
  readonly deleted: number;
}

/** Limits of BatchGetItem and BatchWriteItem, items. */
const pageItems = 100;
const mostWrite = 25;
const pauseMs = 200;

const keyOf = ({ partitionKey, sortKey }: TableDefinition, item: Item): Item =>
  Object.fromEntries(
    [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map((name) => [name, item[name] ?? { S: "" }]),
  );

async function* pagesOf(dynamo: DynamoDBClient, TableName: string): AsyncGenerator<Item[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = new ScanCommand({
      TableName,
      ConsistentRead: true,
      Limit: pageItems,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    const { Items = [], LastEvaluatedKey } = await dynamo.send(page);
    if (Items.length > 0) yield Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

/** The items of these keys, by their key as text. */
const itemsAt = async (dynamo: DynamoDBClient, table: string, keys: readonly Item[]): Promise<Map<string, Item>> => {
  const found = new Map<string, Item>();
  const [first = {}] = keys;
  let left = [...keys];
  while (left.length > 0) {
    const get = new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } });
    const { Responses, UnprocessedKeys } = await dynamo.send(get);
    for (const item of Responses?.[table] ?? [])
      found.set(textOf(Object.fromEntries(Object.keys(first).map((name) => [name, item[name] ?? { S: "" }]))), item);
    left = UnprocessedKeys?.[table]?.Keys ?? [];
    if (left.length > 0) await sleep(pauseMs);
  }
  return found;
};

const textOf = (key: Item): string => JSON.stringify(key);

const writeAll = async (dynamo: DynamoDBClient, table: string, writes: readonly WriteRequest[]): Promise<void> => {
  for (let start = 0; start < writes.length; start += mostWrite) {
    let left = writes.slice(start, start + mostWrite);
    while (left.length > 0) {
      const { UnprocessedItems } = await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
      left = UnprocessedItems?.[table] ?? [];
      if (left.length > 0) await sleep(pauseMs);
    }
  }
};

/**
 * Makes a table hold exactly what another holds, in place: it keeps its name, stream and settings. Nothing else may write
 * to it meanwhile. May be repeated after it was cut off: what is the same already is left alone.
 */
export const putBackTable = async (
  dynamo: DynamoDBClient,
  { from, to, definition, dryRun }: PutBack,
): Promise<Counts> => {
  const counts = { items: 0, put: 0, deleted: 0 };
  for await (const page of pagesOf(dynamo, from)) {
    const there = await itemsAt(
      dynamo,
      to,
      page.map((item) => keyOf(definition, item)),
    );
    const differing = page.filter((item) => !isDeepStrictEqual(there.get(textOf(keyOf(definition, item))), item));
    if (!dryRun)
      await writeAll(
        dynamo,
        to,
        differing.map((Item) => ({ PutRequest: { Item } })),
      );
    counts.items += page.length;
    counts.put += differing.length;
  }
  for await (const page of pagesOf(dynamo, to)) {
    const keys = page.map((item) => keyOf(definition, item));
    const kept = await itemsAt(dynamo, from, keys);
    const newer = keys.filter((key) => !kept.has(textOf(key)));
    if (!dryRun)
      await writeAll(
        dynamo,
        to,
        newer.map((Key) => ({ DeleteRequest: { Key } })),
      );
    counts.deleted += newer.length;
  }
  return counts;
};
