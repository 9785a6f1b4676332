import { Fault } from "../../shared/errors.ts";
import type { Compaction } from "../../shared/head.ts";
import type { AwsStore } from "./aws-store.ts";
import { effectPuts } from "./dynamo-effects.ts";
import { namesIn } from "./dynamo-names.ts";
import { sealedMark, storedId, storedPack } from "./head-item.ts";
import { type Action, transact } from "./transaction.ts";

type CompactAction = Action<"head" | "effect">;

const headAction = ({ names }: AwsStore, { patientId, generation, packs }: Compaction): CompactAction => {
  const put = Object.entries(packs.put);
  const sets = ["#g = :next", ...put.map((_, n) => `#p.#put${n} = :put${n}`)];
  const removes = packs.remove.map((_, n) => `#p.#remove${n}`);
  const update = `SET ${sets.join(", ")}${removes.length > 0 ? ` REMOVE ${removes.join(", ")}` : ""}`;
  const same = generation === 0 ? "(attribute_not_exists(#g) OR #g = :generation)" : "#g = :generation";
  // A pack that is gone fails this too.
  const condition = [same, "attribute_exists(#p)", ...removes.map((path) => `begins_with(${path}, :sealed)`)];
  return {
    what: "head",
    write: {
      Update: {
        TableName: names.tables.heads,
        Key: { id: patientId },
        UpdateExpression: update,
        ConditionExpression: condition.join(" AND "),
        ExpressionAttributeNames: {
          ...namesIn(update, ...condition),
          ...Object.fromEntries(put.map(([id], n) => [`#put${n}`, storedId(id)])),
          ...Object.fromEntries(packs.remove.map((id, n) => [`#remove${n}`, storedId(id)])),
        },
        ExpressionAttributeValues: {
          ":generation": generation,
          ":next": generation + 1,
          ...(removes.length > 0 && { ":sealed": sealedMark }),
          ...Object.fromEntries(put.map(([id, entry], n) => [`:put${n}`, storedPack(id, entry)])),
        },
      },
    },
  };
};

/**
 * Replaces packs by their merge and raises the generation, if that stands and the packs are there and sealed; touches no
 * other key of the map. Throws Fault fenced; then nothing was written.
 */
export const compact = async (store: AwsStore, compaction: Compaction): Promise<void> => {
  const effects = effectPuts(store, compaction.effects);
  const actions = [
    headAction(store, compaction),
    ...effects.map((write): CompactAction => ({ what: "effect", write })),
  ];
  const refused = await transact(store, actions);
  const { patientId } = compaction;
  if (refused.length > 0) throw new Fault("fenced", "the record was compacted by another", { patientId });
};
