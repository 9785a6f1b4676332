import { GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Identifier, Summary } from "../../shared/head.ts";
import type { PatientId } from "../../shared/operation.ts";
import type { Listed, Summaries, SummaryQuery } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import { type AwsStore, shards } from "./aws-store.ts";
import { checkedCursor } from "./checked-cursor.ts";
import { getItems } from "./dynamo-tables.ts";
import { headOf, type HeadItem } from "./head-item.ts";
import { identifierKey } from "./identifier-key.ts";
import { timeKey } from "./operation-item.ts";
import { keysInOrder, pageFrom, take } from "./sorted-keys.ts";
import { type SummaryItem, summaryOf } from "./summary-item.ts";

/** So many found by an index are read and sorted; where it says more, walking all in order of time finds a page sooner. */
const mostSorted = 1_000;

type Key = Pick<HeadItem, "id"> & Required<Pick<HeadItem, "t">>;

const table = ({ names }: AwsStore): string => names.tables.summaries;

/** Heads first, then summaries: one whose demographics changed in between says itself what it is of. */
const readAll = async (store: AwsStore, ids: readonly PatientId[]): Promise<readonly (Summary | undefined)[]> => {
  const keys = ids.map((id) => ({ id }));
  const heads = (await getItems(store, store.names.tables.heads, keys)) as HeadItem[];
  const items = (await getItems(store, table(store), keys)) as SummaryItem[];
  const headById = new Map(heads.map((item) => [item.id, headOf(item)]));
  const byId = new Map(items.map((item) => [item.id, item]));
  return ids.map((id) => {
    const item = byId.get(id);
    return item && summaryOf(item, headById.get(id));
  });
};

const ownerOf = async ({ clients, names }: AwsStore, identifier: Identifier): Promise<readonly PatientId[]> => {
  const Key = { id: identifierKey(identifier) };
  const get = new GetCommand({ TableName: names.tables.identifiers, Key, ConsistentRead: true });
  const { Item } = await calling("GetItem identifiers", () => clients.dynamo.send(get));
  return typeof Item?.["p"] === "string" ? [Item["p"]] : [];
};

/** Ids of an index, one more than are sorted at most. */
const idsBy = async (
  store: AwsStore,
  index: { readonly index: string; readonly partitionKey: string; readonly sortKey: string },
  walk: { readonly partitions: readonly string[]; readonly prefix?: string },
): Promise<readonly PatientId[]> => {
  const sorted = { table: table(store), ...index };
  const keys = keysInOrder<Key>(store, sorted, { ...walk, pageSize: mostSorted + 1 });
  return (await take(keys, mostSorted + 1)).map(({ id }) => id);
};

/** Patients among whom all that match are; undefined when nothing narrows them down. */
const candidates = async (store: AwsStore, query: SummaryQuery): Promise<readonly PatientId[] | undefined> => {
  const { identifier, patientIds, birthDate, normalisedFamilyPrefix: prefix } = query;
  if (identifier) return ownerOf(store, identifier);
  if (patientIds) return patientIds;
  if (birthDate !== undefined) {
    const index = { index: "byBirthDate", partitionKey: "b", sortKey: "id" };
    return idsBy(store, index, { partitions: [birthDate] });
  }
  if (prefix === undefined || prefix === "") return undefined;
  return idsBy(store, { index: "byFamily", partitionKey: "s", sortKey: "f" }, { partitions: shards, prefix });
};

/** Whether a summary is what is asked for; its owner of an identifier was read consistently, with no other to match. */
const matches = (query: SummaryQuery, summary: Summary): boolean => {
  const { updatedSince, normalisedFamilyPrefix: prefix, birthDate, patientIds } = query;
  return (
    (updatedSince === undefined || summary.updatedAt >= updatedSince) &&
    (prefix === undefined || summary.normalisedFamily.startsWith(prefix)) &&
    (birthDate === undefined || summary.birthDate === birthDate) &&
    (patientIds === undefined || patientIds.includes(summary.patientId))
  );
};

const keyOf = ({ updatedAt, patientId }: Summary): string => timeKey(updatedAt, patientId);

const sortedPage = async (
  store: AwsStore,
  query: SummaryQuery,
  ids: readonly PatientId[],
): Promise<Listed<Summary>> => {
  const { after = "", limit } = query;
  const found = (await readAll(store, ids))
    .filter((summary) => summary !== undefined)
    .filter((summary) => matches(query, summary) && keyOf(summary) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, next: keyOf(last) } : { items };
};

const walkByTime = (store: AwsStore, query: SummaryQuery): Promise<Listed<Summary>> => {
  const { limit, after, updatedSince } = query;
  const sorted = { table: store.names.tables.heads, index: "byTime", partitionKey: "s", sortKey: "t" };
  const walk = { partitions: shards, above: after ?? updatedSince, pageSize: limit + 1 };
  return pageFrom(keysInOrder<Key>(store, sorted, walk), limit, {
    load: async (keys) => {
      const summaries = await readAll(
        store,
        keys.map(({ id }) => id),
      );
      return summaries.map((summary) => (summary && matches(query, summary) ? summary : undefined));
    },
    cursor: ({ t }) => t,
    chunk: limit + 1,
  });
};

/** What lists and searches show of patients. An index of DynamoDB lags behind a settle by a moment, and so do lists. */
export const dynamoSummaries = (store: AwsStore): Summaries => ({
  get: async (patientId) => (await readAll(store, [patientId]))[0],
  find: async (query) => {
    checkedCursor(query.after);
    const ids = await candidates(store, query);
    // A given list of patients is sorted whatever its length: walking everybody else's would be longer.
    const few = ids && (ids.length <= mostSorted || query.patientIds !== undefined);
    return few ? sortedPage(store, query, ids) : walkByTime(store, query);
  },
});
