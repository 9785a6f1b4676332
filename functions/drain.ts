import type { Effect } from "../shared/head.ts";
import type { OperationId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** How many effects one call sends at most before it looks again. */
const pageOfEffects = 100;

/**
 * What follows a settle: sends the effects that are pending, each at least once and recorded once, and deletes the
 * payloads of those of `finished` that are settled. Safe to stop anywhere and to run side by side.
 */
export const drain = async (deps: Dependencies, finished: readonly OperationId[]): Promise<void> => {
  await deletePayloads(deps, finished);
  for (;;) {
    const effects = await deps.engine.effects.pending(pageOfEffects);
    for (const effect of effects) await send(deps, effect);
    if (effects.length > 0) {
      await deps.reach("after-effect-sent");
      await deps.engine.effects.done(effects.map(({ id }) => id));
    }
    if (effects.length < pageOfEffects) return;
  }
};

/** A message is also finished when a redrive made it void: then the row is queued again and needs its payload. */
const deletePayloads = async ({ engine }: Dependencies, finished: readonly OperationId[]): Promise<void> => {
  if (finished.length === 0) return;
  const rows = await engine.operations.get(finished);
  const settled = rows.flatMap((row) =>
    row?.state === "committed" || row?.state === "rejected"
      ? [{ operationId: row.id, requestHash: row.requestHash }]
      : [],
  );
  if (settled.length > 0) await engine.payloads.delete(settled);
};

const senders: Readonly<Record<Effect["kind"], (deps: Dependencies, effect: Effect) => Promise<void>>> = {
  log: async ({ log }, { id, patientId, body }) => log("info", "record.changed", { effectId: id, patientId, ...body }),
  "delete-segments": async ({ engine }, { patientId, body }) =>
    engine.segments.delete(patientId, segmentIdsOf(body["segmentIds"])),
};

const segmentIdsOf = (ids: unknown): readonly string[] =>
  Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];

const send = (deps: Dependencies, effect: Effect): Promise<void> => senders[effect.kind](deps, effect);
