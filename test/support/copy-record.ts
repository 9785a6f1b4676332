import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { timeKey } from "../../functions/adapters/operation-item.ts";
import { shardOf } from "../../functions/adapters/aws-store.ts";
import { type HeadItem, storedPacks, storedReplaced } from "../../functions/adapters/head-item.ts";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import type { AwsClients } from "../../functions/aws-clients.ts";
import type { Engine } from "../../shared/ports.ts";

/** Copies a record, head and segments, from any engine into the AWS engine's store: long histories are slow to make there. */
export const copyRecord = async (
  from: Engine,
  to: { readonly engine: Engine; readonly clients: AwsClients; readonly names: AwsNames },
  patientId: string,
): Promise<void> => {
  const head = await from.heads.read(patientId);
  if (!head) throw new Error("there is no such record");
  for (const id of Object.keys(head.packs))
    await to.engine.segments.put(patientId, id, await from.segments.get(patientId, id));
  const { commit, commits, epoch, generation, packs, replaced, updatedAt } = head;
  const Item: HeadItem = {
    id: patientId,
    s: shardOf(patientId),
    ...(commit !== null && { c: commit }),
    n: commits,
    e: epoch,
    ...(generation > 0 && { g: generation }),
    p: storedPacks(packs),
    r: storedReplaced(replaced),
    t: timeKey(updatedAt ?? "", patientId),
  };
  await to.clients.dynamo.send(new PutCommand({ TableName: to.names.tables.heads, Item }));
};
