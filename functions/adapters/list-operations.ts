import type { Instant, Operation, OperationState } from "../../shared/operation.ts";
import type { Listed, OperationQuery, Page } from "../../shared/ports.ts";
import { type AwsStore, shards } from "./aws-store.ts";
import { checkedCursor } from "./checked-cursor.ts";
import { type OperationItem, stateKey, submitterKey } from "./operation-item.ts";
import { readOperations } from "./read-operations.ts";
import { keysInOrder, pageFrom, type Walk } from "./sorted-keys.ts";

type Key = Pick<OperationItem, "id" | "t">;

const states: readonly OperationState[] = ["queued", "committed", "rejected", "parked"];

/** The index that holds least beside what is asked for: a patient has few operations, a submitter more. */
const indexFor = ({ patientId, submitter, state }: OperationQuery) => {
  if (patientId !== undefined) return { index: "byPatient", partitionKey: "p", partitions: [patientId] };
  if (submitter) return { index: "bySubmitter", partitionKey: "b", partitions: [submitterKey(submitter)] };
  const partitions = (state ? [state] : states).flatMap((one) => shards.map((shard) => stateKey(one, shard)));
  return { index: "byState", partitionKey: "o", partitions };
};

const matches = ({ patientId, submitter, state }: OperationQuery, operation: Operation): boolean =>
  (patientId === undefined || operation.patientId === patientId) &&
  (state === undefined || operation.state === state) &&
  (submitter === undefined ||
    (operation.caller.issuer === submitter.issuer && operation.caller.subject === submitter.subject));

/** Rows are read consistently and asked again whether they match: an index lags behind by a moment. */
const pageOf = async (
  store: AwsStore,
  query: OperationQuery,
  walk: Pick<Walk, "above" | "below" | "newestFirst">,
): Promise<Listed<Operation>> => {
  const { partitions, index, partitionKey } = indexFor(query);
  const sorted = { table: store.names.tables.operations, index, partitionKey, sortKey: "t" };
  const pageSize = query.limit + 1;
  return pageFrom(keysInOrder<Key>(store, sorted, { ...walk, partitions, pageSize }), query.limit, {
    load: async (keys) => {
      const rows = await readOperations(
        store,
        keys.map(({ id }) => id),
      );
      return rows.map((row) => (row && matches(query, row) ? row : undefined));
    },
    cursor: ({ t }) => t,
    chunk: pageSize,
  });
};

/** Newest first. */
export const listOperations = (store: AwsStore, query: OperationQuery): Promise<Listed<Operation>> =>
  pageOf(store, query, { newestFirst: true, below: checkedCursor(query.after) });

/** Queued ones of all patients, oldest first. */
export const listQueuedOperations = (store: AwsStore, before: Instant, page: Page): Promise<Listed<Operation>> =>
  pageOf(store, { ...page, state: "queued" }, { above: checkedCursor(page.after), below: before });
