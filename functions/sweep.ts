import type { Instant, Operation } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";
import { sendEffects } from "./drain.ts";

const pageSize = 100;

/**
 * Each minute: sends again what was stored but never queued, sends effects that a drain missed, and deletes payloads
 * that outlived their operation. A duplicate message is harmless.
 */
export const sweep = async (deps: Dependencies): Promise<void> => {
  await sweepAndFindOldest(deps);
};

/** As `sweep`; returns when the oldest was submitted of the operations that it found queued, undefined for none. */
export const sweepAndFindOldest = async (deps: Dependencies): Promise<Instant | undefined> => {
  const oldest = await resendLost(deps);
  await sendEffects(deps);
  await deleteOrphans(deps);
  return oldest;
};

/** Killed between row and send: the row is queued, and no message carries it. */
const resendLost = async (deps: Dependencies): Promise<Instant | undefined> => {
  const { config, engine, now } = deps;
  const before = new Date(now() - config.resendLookAfterMs).toISOString();
  const seen = new Set<string>();
  let oldest: Instant | undefined;
  let after: string | undefined;
  do {
    const page = await engine.operations.listQueued(before, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const operation of page.items) {
      const isFirst = !seen.has(operation.patientId);
      seen.add(operation.patientId);
      if (oldest === undefined || operation.submittedAt < oldest) oldest = operation.submittedAt;
      if (await isLost(deps, operation, isFirst)) {
        await engine.intake.send({
          operationId: operation.id,
          patientId: operation.patientId,
          attempt: operation.attempt,
        });
        deps.log("warn", "operation.resent", { operationId: operation.id });
        deps.hints.queued();
      }
    }
    after = page.next;
  } while (after !== undefined);
  return oldest;
};

/** Its patient's queue has passed it by, or it is the patient's oldest and has waited too long. */
const isLost = async (
  { config, engine, now }: Dependencies,
  operation: Operation,
  isOldest: boolean,
): Promise<boolean> =>
  (isOldest && now() - Date.parse(operation.submittedAt) > config.resendAfterMs) ||
  (await engine.operations.laterSettled(operation.patientId, operation.submittedAt));

/** Orphans: no row for a day, row settled, or row of another request. */
const deleteOrphans = async ({ config, engine, now }: Dependencies): Promise<void> => {
  const before = new Date(now() - config.payloadLookAfterMs).toISOString();
  const rowlessBefore = new Date(now() - config.orphanAfterMs).toISOString();
  let after: string | undefined;
  do {
    const page = await engine.payloads.listOlder(before, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    const rows = await engine.operations.get(page.items.map(({ operationId }) => operationId));
    const orphans = page.items.filter(({ requestHash, storedAt }, index) => {
      const row = rows[index];
      if (row === undefined) return storedAt < rowlessBefore;
      return row.state === "committed" || row.state === "rejected" || row.requestHash !== requestHash;
    });
    if (orphans.length > 0) await engine.payloads.delete(orphans);
    after = page.next;
  } while (after !== undefined);
};
