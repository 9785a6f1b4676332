import { isFault } from "../shared/errors.ts";
import { compactedSegment, dueForCompaction } from "../shared/git/compaction.ts";
import type { TreeBody } from "../shared/git/merge-segments.ts";
import { openRepository } from "../shared/git/repository.ts";
import { segmentCache } from "../shared/git/segment-cache.ts";
import type { ReadSegment } from "../shared/git/state.ts";
import type { Head } from "../shared/head.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** What is kept of segments, and as much of footers, while trees are read for one merge. */
const treeCacheBytes = 2 * 1024 * 1024;

/** Random part of a segment's id. */
const randomPart = (newId: () => string): string => newId().replaceAll("-", "").slice(0, 12);

/** Reads trees from the repository as it is. */
const treeReader = ({ patientId, packs, commits }: Head, read: ReadSegment): TreeBody => {
  const repository = openRepository({ patientId, packs, commits, read, cache: segmentCache(treeCacheBytes) });
  return async (oid) => {
    const position = await repository.find(oid);
    return position && (await repository.object(position)).body;
  };
};

/** One PUT, then one conditional update of the head. Throws Fault fenced when another compaction was first. */
const merge = async (deps: Dependencies, head: Head): Promise<number> => {
  const { engine, newId } = deps;
  const { patientId, packs, generation } = head;
  const due = dueForCompaction(packs, engine.limits.sealedPacks);
  if (due.length === 0) return 0;
  const read: ReadSegment = (id, range) => engine.segments.get(patientId, id, range);
  const merged = await compactedSegment(head, due, {
    read,
    random: randomPart(newId),
    treeBody: treeReader(head, read),
  });
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
