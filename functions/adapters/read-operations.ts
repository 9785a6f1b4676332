import type { Operation, OperationId } from "../../shared/operation.ts";
import type { AwsStore } from "./aws-store.ts";
import { getItems } from "./dynamo-tables.ts";
import { type OperationItem, operationOf } from "./operation-item.ts";

/** Consistent reads, in the order asked; undefined where there is no row. */
export const readOperations = async (
  store: AwsStore,
  ids: readonly OperationId[],
): Promise<readonly (Operation | undefined)[]> => {
  const keys = ids.map((id) => ({ id }));
  const items = (await getItems(store, store.names.tables.operations, keys)) as OperationItem[];
  const byId = new Map(items.map((item) => [item.id, item]));
  return ids.map((id) => {
    const item = byId.get(id);
    return item && operationOf(item);
  });
};
