import { isFault } from "../shared/errors.ts";
import { compactedSegment, dueForCompaction } from "../shared/git/compaction.ts";
import type { Head } from "../shared/head.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** Random part of a segment's id. */
const randomPart = (newId: () => string): string => newId().replaceAll("-", "").slice(0, 12);

/** One PUT, then one conditional update of the head. Throws Fault fenced when another compaction was first. */
const merge = async ({ engine, newId }: Dependencies, head: Head): Promise<number> => {
  const { patientId, packs, generation } = head;
  const due = dueForCompaction(packs, engine.limits.sealedPacks);
  if (due.length === 0) return 0;
  const sources = await Promise.all(due.map(async (id) => ({ id, bytes: await engine.segments.get(patientId, id) })));
  const merged = compactedSegment({ packs, generation }, sources, randomPart(newId));
  await engine.segments.put(patientId, merged.id, merged.bytes);
  const id = `${patientId}#delete-segments#${merged.id}`;
  const effects = [{ id, kind: "delete-segments", patientId, body: { segmentIds: due } }] as const;
  await engine.heads.compact({ patientId, generation, packs: merged.packs, effects });
  return due.length;
};

/**
 * Merges a patient's sealed segments when there are too many of them; does nothing otherwise. Woken after a settle, beside
 * the writers: it takes no lease. Another compaction that was first is no fault of ours; what we put is garbage then.
 */
export const compactPatient = async (deps: Dependencies, patientId: PatientId): Promise<void> => {
  const head = await deps.engine.heads.read(patientId);
  if (head === undefined) return;
  try {
    const merged = await merge(deps, head);
    if (merged > 0) deps.log("info", "record.compacted", { patientId, segments: merged });
  } catch (error) {
    if (!isFault(error, "fenced", "segment-missing")) throw error;
    deps.log("info", "record.compaction-overtaken", { patientId });
  }
};
