import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Listed } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { namesIn } from "./dynamo-names.ts";

/** A table or one of its indexes, and the names of its keys. */
export interface Sorted {
  readonly table: string;
  readonly index?: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

export interface Walk {
  /** Partition keys whose items are merged into one order. */
  readonly partitions: readonly string[];
  /** Only sort keys after this one, in their own order, whatever the direction of the walk. */
  readonly above?: string | undefined;
  /** Only sort keys before this one. */
  readonly below?: string | undefined;
  readonly prefix?: string;
  readonly newestFirst?: boolean;
  /** Items asked of each partition at once. */
  readonly pageSize: number;
  /** Not for indexes. */
  readonly consistent?: boolean;
}

type Item = Readonly<Record<string, unknown>>;

const sortCondition = ({ above, below, prefix }: Walk, key: string) => {
  if (prefix !== undefined) return { text: `begins_with(${key}, :prefix)`, values: { ":prefix": prefix } };
  // BETWEEN takes in its ends: "!" lies between a key and whatever follows it, and no key equals a bare `below`.
  if (above !== undefined && below !== undefined)
    return { text: `${key} BETWEEN :above AND :below`, values: { ":above": `${above}!`, ":below": below } };
  if (above !== undefined) return { text: `${key} > :above`, values: { ":above": above } };
  if (below !== undefined) return { text: `${key} < :below`, values: { ":below": below } };
  return undefined;
};

/** One partition, page by page. */
const partitionReader = (store: AwsStore, sorted: Sorted, walk: Walk) => {
  const sort = sortCondition(walk, `#${sorted.sortKey}`);
  const condition = [`#${sorted.partitionKey} = :partition`, ...(sort ? [sort.text] : [])].join(" AND ");
  const common = {
    TableName: sorted.table,
    ...(sorted.index !== undefined && { IndexName: sorted.index }),
    KeyConditionExpression: condition,
    ExpressionAttributeNames: namesIn(condition),
    ScanIndexForward: walk.newestFirst !== true,
    ConsistentRead: walk.consistent === true,
    Limit: walk.pageSize,
  };
  return async (partition: string, start: Item | undefined): Promise<{ items: Item[]; next: Item | undefined }> => {
    const query = new QueryCommand({
      ...common,
      ExpressionAttributeValues: { ":partition": partition, ...sort?.values },
      ...(start && { ExclusiveStartKey: start }),
    });
    const answer = await calling("Query", () => store.clients.dynamo.send(query));
    return { items: answer.Items ?? [], next: answer.LastEvaluatedKey };
  };
};

interface Source {
  readonly partition: string;
  items: Item[];
  at: number;
  next: Item | undefined;
}

/** The items of several partitions in one order of their sort keys; read as far as they are asked for. */
export async function* keysInOrder<T extends object>(store: AwsStore, sorted: Sorted, walk: Walk): AsyncGenerator<T> {
  const read = partitionReader(store, sorted, walk);
  const sources = await Promise.all(
    walk.partitions.map(async (partition): Promise<Source> => ({
      partition,
      at: 0,
      ...(await read(partition, undefined)),
    })),
  );
  const keyOf = ({ items, at }: Source): string => String(items[at]?.[sorted.sortKey]);
  for (;;) {
    await Promise.all(
      sources.map(async (source) => {
        // A page may be empty and still not be the last.
        while (source.at === source.items.length && source.next !== undefined)
          Object.assign(source, { at: 0, ...(await read(source.partition, source.next)) });
      }),
    );
    const filled = sources.filter(({ items, at }) => at < items.length);
    const [first, ...others] = filled;
    if (!first) return;
    const isBefore = (a: Source, b: Source): boolean =>
      walk.newestFirst === true ? keyOf(a) > keyOf(b) : keyOf(a) < keyOf(b);
    const source = others.reduce((best, other) => (isBefore(other, best) ? other : best), first);
    yield source.items[source.at] as T;
    source.at += 1;
  }
}

/** The first `limit` of them. */
export const take = async <T>(keys: AsyncGenerator<T>, limit: number): Promise<T[]> => {
  const taken: T[] = [];
  if (limit > 0)
    for await (const key of keys) {
      taken.push(key);
      if (taken.length === limit) break;
    }
  return taken;
};

export interface PageSource<K, T> {
  /** What the keys stand for, in their order; undefined for what the list leaves out. */
  readonly load: (keys: readonly K[]) => Promise<readonly (T | undefined)[]>;
  /** Where a page ends that ends with this key. */
  readonly cursor: (key: K) => string;
  /** Keys loaded at once. */
  readonly chunk: number;
  /** Keys loaded in all, or a few more: then the page ends though it is not full. */
  readonly most?: number;
}

/** One page of what the keys stand for, read until it is full, there are no more, or enough were looked at. */
export const pageFrom = async <K, T>(
  keys: AsyncGenerator<K>,
  limit: number,
  { load, cursor, chunk, most = Number.POSITIVE_INFINITY }: PageSource<K, T>,
): Promise<Listed<T>> => {
  const found: { readonly item: T; readonly cursor: string }[] = [];
  for (let looked = chunk; ; looked += chunk) {
    const some = await next(keys, chunk);
    const items = await load(some);
    for (const [index, key] of some.entries()) {
      const item = items[index];
      if (item !== undefined) found.push({ item, cursor: cursor(key) });
    }
    const end = some.length === chunk ? some.at(-1) : undefined;
    if (found.length <= limit && end !== undefined && looked < most) continue;
    await keys.return(undefined);
    const shown = found.slice(0, limit);
    const page = shown.map(({ item }) => item);
    const last = found.length > limit ? shown.at(-1)?.cursor : end && cursor(end);
    return last === undefined ? { items: page } : { items: page, next: last };
  }
};

/** The next ones, without ending the walk. */
const next = async <K>(keys: AsyncGenerator<K>, count: number): Promise<K[]> => {
  const some: K[] = [];
  while (some.length < count) {
    const { done, value } = await keys.next();
    if (done === true) return some;
    some.push(value);
  }
  return some;
};
