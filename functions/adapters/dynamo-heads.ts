import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Fault } from "../../shared/errors.ts";
import type { Head } from "../../shared/head.ts";
import type { PatientId } from "../../shared/operation.ts";
import type { Heads } from "../../shared/ports.ts";
import { calling, isNamed } from "./aws-faults.ts";
import { type AwsStore, shardOf, shards } from "./aws-store.ts";
import { compact } from "./compact-head.ts";
import { updating } from "./dynamo-names.ts";
import { headOf, type HeadItem } from "./head-item.ts";
import { settle } from "./settle.ts";
import { keysInOrder, pageFrom } from "./sorted-keys.ts";

const read = async ({ clients, names }: AwsStore, patientId: PatientId): Promise<Head | undefined> => {
  const get = new GetCommand({ TableName: names.tables.heads, Key: { id: patientId }, ConsistentRead: true });
  const { Item } = await calling("GetItem heads", () => clients.dynamo.send(get));
  return Item && headOf(Item as HeadItem);
};

/**
 * The last alternative takes a lease that this very call got: its first try landed and the answer was lost. An owner is a
 * fresh id for each acquire.
 */
const takeLease = updating(
  "SET #s = :s, #lo = :owner, #lu = :until, #e = if_not_exists(#e, :zero) + :one, #p = if_not_exists(#p, :empty)",
  "attribute_not_exists(#lo) OR #lu <= :now OR #lu > :far OR #lo = :owner",
);

const acquire = async (store: AwsStore, patientId: PatientId, owner: string): Promise<Head> => {
  const now = store.now();
  const update = new UpdateCommand({
    TableName: store.names.tables.heads,
    Key: { id: patientId },
    ...takeLease,
    ExpressionAttributeValues: {
      ":s": shardOf(patientId),
      ":owner": owner,
      ":until": now + store.leaseMs,
      ":zero": 0,
      ":one": 1,
      ":empty": {},
      ":now": now,
      ":far": now + 2 * store.leaseMs,
    },
    ReturnValues: "ALL_NEW",
  });
  return calling("acquire", async () => {
    try {
      return headOf((await store.clients.dynamo.send(update)).Attributes as HeadItem);
    } catch (cause) {
      if (!isNamed(cause, "ConditionalCheckFailedException")) throw cause;
      throw new Fault("lease-busy", "another writer holds the lease", { patientId }, { cause });
    }
  });
};

const dropLease = updating("REMOVE #lo, #lu", "#lo = :owner");

const release = async ({ clients, names }: AwsStore, patientId: PatientId, owner: string): Promise<void> => {
  const update = new UpdateCommand({
    TableName: names.tables.heads,
    Key: { id: patientId },
    ...dropLease,
    ExpressionAttributeValues: { ":owner": owner },
  });
  await calling("release", async () => {
    try {
      await clients.dynamo.send(update);
    } catch (cause) {
      if (!isNamed(cause, "ConditionalCheckFailedException")) throw cause;
    }
  });
};

/** Heads in DynamoDB: lock, fence and expected-commit guard in one item, each a condition of a single write (02). */
export const dynamoHeads = (store: AwsStore): Heads => ({
  read: (patientId) => read(store, patientId),
  acquire: (patientId, owner) => acquire(store, patientId, owner),
  release: (patientId, owner) => release(store, patientId, owner),
  settle: (settlement) => settle(store, settlement),
  compact: (compaction) => compact(store, compaction),
  list: async ({ limit, after }) => {
    const index = { table: store.names.tables.heads, index: "byShard", partitionKey: "s", sortKey: "id" };
    const walk = { partitions: shards, above: after, pageSize: limit + 1 };
    return pageFrom(keysInOrder<Pick<HeadItem, "id">>(store, index, walk), limit, {
      load: async (keys) => keys.map(({ id }) => id),
      cursor: ({ id }) => id,
      chunk: limit + 1,
    });
  },
});
