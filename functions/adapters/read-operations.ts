import type { Operation, OperationId } from "../../shared/operation.ts";
import type { Asked } from "../../shared/ports.ts";
import type { AwsStore } from "./aws-store.ts";
import { getItems } from "./dynamo-tables.ts";
import { type OperationItem, operationOf } from "./operation-item.ts";
import { payloadsApart } from "./payload-item.ts";
import { payloadIn } from "./row-payload.ts";

/** Consistent reads, in the order asked; undefined where there is no row. */
export const readItems = async (
  store: AwsStore,
  ids: readonly OperationId[],
): Promise<readonly (OperationItem | undefined)[]> => {
  const keys = ids.map((id) => ({ id }));
  const items = (await getItems(store, store.names.tables.operations, keys)) as OperationItem[];
  const byId = new Map(items.map((item) => [item.id, item]));
  return ids.map((id) => byId.get(id));
};

/** As `readItems`, without the payloads. */
export const readOperations = async (
  store: AwsStore,
  ids: readonly OperationId[],
): Promise<readonly (Operation | undefined)[]> =>
  (await readItems(store, ids)).map((item) => item && operationOf(item));

/** Rows, and the payloads of the queued ones: from the rows, or else read after them. */
export const readAsked = async (
  store: AwsStore,
  ids: readonly OperationId[],
): Promise<readonly (Asked | undefined)[]> => {
  const items = await readItems(store, ids);
  const apart = items
    .filter((item) => item?.st === "queued" && item.z === undefined)
    .filter((item) => item !== undefined);
  const found = await payloadsApart(
    store,
    apart.map(({ id, h }) => ({ operationId: id, requestHash: h })),
  );
  const byId = new Map(apart.map(({ id }, index) => [id, found[index]]));
  return items.map((item) => {
    if (item === undefined) return undefined;
    const payload = item.st === "queued" ? (payloadIn(item) ?? byId.get(item.id)) : undefined;
    return { operation: operationOf(item), payload };
  });
};
