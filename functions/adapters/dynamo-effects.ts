import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { Effect } from "../../shared/head.ts";
import type { Effects } from "../../shared/ports.ts";
import type { AwsStore } from "./aws-store.ts";
import { deleteItems } from "./dynamo-tables.ts";
import { timeKey } from "./operation-item.ts";
import { keysInOrder, take } from "./sorted-keys.ts";

interface EffectItem {
  readonly s: string;
  /** Time of the settle, place in it, and id. */
  readonly t: string;
  readonly k: string;
  readonly p: string;
  readonly j: string;
}

type EffectKey = Pick<EffectItem, "s" | "t">;

type Write = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/**
 * The outbox has one part, because each look at it asks every part and finds nothing, nearly always. One takes about 300
 * effects a second, each written in a transaction and deleted: as many as 10,000 batches a second leave when they seal.
 */
const parts: readonly [string] = ["0"];

/** Puts for the transaction of whatever causes the effects. */
export const effectPuts = ({ names, now }: AwsStore, effects: readonly Effect[]): Write[] => {
  const at = new Date(now()).toISOString();
  return effects.map(({ id, kind, patientId, body }, n) => {
    const t = timeKey(at, `${String(n).padStart(3, "0")}#${id}`);
    const Item: EffectItem = { s: parts[0], t, k: kind, p: patientId, j: JSON.stringify(body) };
    return { Put: { TableName: names.tables.effects, Item } };
  });
};

/** The id of an effect is what its sort key holds after the time and the place. */
const idOf = (t: string): string => t.split("#").slice(2).join("#");

const effectOf = ({ t, k, p, j }: EffectItem): Effect => ({
  id: idOf(t),
  kind: k as Effect["kind"],
  patientId: p,
  body: JSON.parse(j) as Effect["body"],
});

const allPending = (store: AwsStore, pageSize: number): AsyncGenerator<EffectItem> =>
  keysInOrder<EffectItem>(
    store,
    { table: store.names.tables.effects, partitionKey: "s", sortKey: "t" },
    { partitions: parts, pageSize, consistent: true },
  );

/** Keys remembered at most, of effects that `pending` gave and `done` has not taken; beyond that the oldest go. */
const mostRemembered = 1_000;

/**
 * The outbox: an item for each effect that is not done, in order of time within a shard. `done` gets ids; the keys they
 * stand for are those that this process's `pending` gave, or else are looked for among what is pending.
 */
export const dynamoEffects = (store: AwsStore): Effects => {
  const given = new Map<string, EffectKey>();
  const remember = (key: EffectKey): void => {
    given.set(idOf(key.t), key);
    for (const oldest of given.keys()) {
      if (given.size <= mostRemembered) return;
      given.delete(oldest);
    }
  };
  const find = async (ids: ReadonlySet<string>): Promise<EffectKey[]> => {
    const found: EffectKey[] = [];
    for await (const { s, t } of allPending(store, mostRemembered)) if (ids.has(idOf(t))) found.push({ s, t });
    return found;
  };
  return {
    pending: async (limit) => {
      const items = await take(allPending(store, limit), limit);
      for (const { s, t } of items) remember({ s, t });
      return items.map(effectOf);
    },
    done: async (ids) => {
      if (ids.length === 0) return;
      const known = ids.flatMap((id) => given.get(id) ?? []);
      const unknown = new Set(ids.filter((id) => !given.has(id)));
      const keys = unknown.size > 0 ? [...known, ...(await find(unknown))] : known;
      await deleteItems(
        store,
        store.names.tables.effects,
        keys.map(({ s, t }) => ({ s, t })),
      );
      for (const id of ids) given.delete(id);
    },
  };
};
