import type { Effect } from "../shared/head.ts";
import type { OperationId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** How many effects one call sends at most before it looks again. */
const pageOfEffects = 100;

/** What follows a settle. Safe to stop anywhere, to repeat, and to run side by side. */
export const drain = async (deps: Dependencies, finished: readonly OperationId[]): Promise<void> => {
  await followSettled(deps, finished);
  await sendEffects(deps);
};

/**
 * Logs each commit of those of `finished` that are settled, and deletes their payloads. A message is also finished when
 * a redrive made it void: then the row is queued again and needs its payload. The row is what is true: a line may come
 * twice, with the same `effectId`, and on one machine not at all when the process is killed before it.
 */
export const followSettled = async ({ engine, log }: Dependencies, finished: readonly OperationId[]): Promise<void> => {
  if (finished.length === 0) return;
  for (const { id, patientId, command, commit } of await engine.payloads.deleteSettled(finished))
    if (commit !== null)
      log("info", "record.changed", { effectId: `${id}#log`, patientId, operationId: id, command, commit });
};

/** Sends the effects that are pending, each at least once and recorded once. */
export const sendEffects = async (deps: Dependencies): Promise<void> => {
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

const senders: Readonly<Record<Effect["kind"], (deps: Dependencies, effect: Effect) => Promise<void>>> = {
  // Of a version that wrote one for each commit; what it left is still sent.
  log: async ({ log }, { id, patientId, body }) => log("info", "record.changed", { effectId: id, patientId, ...body }),
  "delete-segments": async ({ engine }, { patientId, body }) =>
    engine.segments.delete(patientId, segmentIdsOf(body["segmentIds"])),
};

const segmentIdsOf = (ids: unknown): readonly string[] =>
  Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];

const send = (deps: Dependencies, effect: Effect): Promise<void> => senders[effect.kind](deps, effect);
