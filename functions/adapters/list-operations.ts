import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Instant, Operation, PatientId } from "../../shared/operation.ts";
import type { Listed, OperationQuery, Page } from "../../shared/ports.ts";
import { calling } from "./aws-faults.ts";
import { type AwsStore, shards } from "./aws-store.ts";
import { checkedCursor } from "./checked-cursor.ts";
import { type OperationItem, submitterKey } from "./operation-item.ts";
import { readOperations } from "./read-operations.ts";
import { keysInOrder, pageFrom } from "./sorted-keys.ts";

/** An entry of an index; `b` in `byTime` only. */
type Key = Pick<OperationItem, "id" | "t"> & Partial<Pick<OperationItem, "b">>;

/** The indexes of the open ones: they hold few, whatever the table holds. */
const openIndexes = {
  queued: { index: "byQueued", partitionKey: "q" },
  parked: { index: "byParked", partitionKey: "k" },
} as const;

/** Keys looked at for one page at most: a list of what is rare may have pages that are not full. */
const mostLookedAt = 2_000;
const chunk = 100;

const isOpen = (state: OperationQuery["state"]): state is "queued" | "parked" =>
  state === "queued" || state === "parked";

/** One page of a walk through an index of the open ones, in no order of time. */
const scanPage = async (
  { clients, names }: AwsStore,
  index: string,
  { limit, start }: { readonly limit?: number | undefined; readonly start?: Record<string, unknown> | undefined },
): Promise<{ readonly keys: readonly Key[]; readonly last: Record<string, unknown> | undefined }> => {
  const scan = new ScanCommand({
    TableName: names.tables.operations,
    IndexName: index,
    ...(limit !== undefined && { Limit: limit }),
    ...(start && { ExclusiveStartKey: start }),
  });
  const { Items = [], LastEvaluatedKey } = await calling(`Scan ${index}`, () => clients.dynamo.send(scan));
  return { keys: Items as Key[], last: LastEvaluatedKey };
};

/** All that are open, newest first. */
async function* openNewestFirst(store: AwsStore, index: string, below: string | undefined): AsyncGenerator<Key> {
  const found: Key[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const { keys, last } = await scanPage(store, index, { start });
    found.push(...keys.filter(({ t }) => below === undefined || t < below));
    start = last;
  } while (start !== undefined);
  yield* found.toSorted((a, b) => (a.t < b.t ? 1 : -1));
}

const ofPatient = (patientId: PatientId, state: OperationQuery["state"]) => {
  const index = isOpen(state) ? openIndexes[state] : ({ index: "byPatient", partitionKey: "p" } as const);
  return { ...index, partitions: [patientId] };
};

/** The keys among which are those of a query, newest first, from the index that holds least beside them. */
const keysOf = (store: AwsStore, { patientId, state, limit }: OperationQuery, below: string | undefined) => {
  if (patientId === undefined && isOpen(state)) return openNewestFirst(store, openIndexes[state].index, below);
  const everybody = { index: "byTime", partitionKey: "s", partitions: shards };
  const { partitions, ...index } = patientId === undefined ? everybody : ofPatient(patientId, state);
  const sorted = { table: store.names.tables.operations, ...index, sortKey: "t" };
  return keysInOrder<Key>(store, sorted, { partitions, below, newestFirst: true, pageSize: limit + 1 });
};

const matches = ({ patientId, submitter, state }: OperationQuery, operation: Operation): boolean =>
  (patientId === undefined || operation.patientId === patientId) &&
  (state === undefined || operation.state === state) &&
  (submitter === undefined ||
    (operation.caller.issuer === submitter.issuer && operation.caller.subject === submitter.subject));

/** Newest first. Rows are read consistently and asked again whether they match: an index lags behind by a moment. */
export const listOperations = (store: AwsStore, query: OperationQuery): Promise<Listed<Operation>> => {
  const { limit, submitter, state } = query;
  const own = submitter && submitterKey(submitter);
  return pageFrom(keysOf(store, query, checkedCursor(query.after)), limit, {
    load: async (keys) => {
      const mine = keys.filter(({ b }) => own === undefined || b === undefined || b === own);
      const rows = await readOperations(
        store,
        mine.map(({ id }) => id),
      );
      const byId = new Map(rows.map((row) => [row?.id, row]));
      return keys.map(({ id }) => {
        const row = byId.get(id);
        return row && matches(query, row) ? row : undefined;
      });
    },
    cursor: ({ t }) => t,
    chunk: own === undefined && state === undefined ? limit + 1 : Math.max(limit + 1, chunk),
    most: mostLookedAt,
  });
};

const startAfter = (after: string | undefined): Record<string, unknown> | undefined => {
  const [q, at, id] = after?.split("#") ?? [];
  return q === undefined ? undefined : { q, t: `${at}#${id}`, id };
};

/** Queued ones of all patients, those of one in order of time, as far as an index keeps them so. */
export const listQueuedOperations = async (
  store: AwsStore,
  before: Instant,
  { limit, after }: Page,
): Promise<Listed<Operation>> => {
  const { keys, last } = await scanPage(store, "byQueued", { limit, start: startAfter(after) });
  const old = keys.filter(({ t }) => t < before);
  const rows = await readOperations(
    store,
    old.map(({ id }) => id),
  );
  const items = rows.filter((row) => row?.state === "queued").filter((row) => row !== undefined);
  return last === undefined ? { items } : { items, next: `${String(last["q"])}#${String(last["t"])}` };
};
