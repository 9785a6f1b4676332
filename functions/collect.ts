import { isFault } from "../shared/errors.ts";
import { findGarbage, isSightings, sightingsId } from "../shared/git/garbage.ts";
import type { SegmentId } from "../shared/git/pack-map.ts";
import type { Head } from "../shared/head.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** What one round did with a patient's segments. */
export interface Collected {
  /** Garbage seen for the first time: the next round deletes it. */
  readonly seen: readonly SegmentId[];
  readonly deleted: readonly SegmentId[];
}

const nothing: Collected = { seen: [], deleted: [] };

/** A later head, with an epoch that fences every writer up to now; undefined while one holds the lease: it may be at work. */
const raiseEpoch = async ({ engine, newId }: Dependencies, patientId: PatientId): Promise<Head | undefined> => {
  const owner = newId();
  try {
    const before = await engine.heads.acquire(patientId, owner);
    await engine.heads.release(patientId, owner);
    return before;
  } catch (error) {
    if (isFault(error, "lease-busy")) return undefined;
    throw error;
  }
};

/** `listed` was read before any head is: see findGarbage. */
const deadAmong = async (
  deps: Dependencies,
  patientId: PatientId,
  listed: readonly SegmentId[],
): Promise<readonly SegmentId[]> => {
  const head = await deps.engine.heads.read(patientId);
  if (head === undefined) return [];
  const { dead, unsure } = findGarbage(listed, head);
  if (unsure.length === 0) return dead;
  const raised = await raiseEpoch(deps, patientId);
  return raised === undefined ? dead : findGarbage(listed, raised).dead;
};

/**
 * What the round before saw is a note beside the segments: one line an id. It outlives the function that wrote it, needs no
 * table and no clock, and exists only where there is garbage. A note that is lost costs one more round; two collectors at
 * once leave two notes, which count as one.
 */
const readSightings = async (
  { engine }: Dependencies,
  patientId: PatientId,
  notes: readonly SegmentId[],
): Promise<ReadonlySet<SegmentId>> => {
  const texts = await Promise.all(
    notes.map(async (id) => {
      try {
        return Buffer.from(await engine.segments.get(patientId, id)).toString("latin1");
      } catch (error) {
        if (isFault(error, "segment-missing")) return "";
        throw error;
      }
    }),
  );
  return new Set(texts.flatMap((text) => text.split("\n")));
};

/**
 * One round of collecting a patient's garbage (03, "Garbage without clocks"): deletes the segments that this round and one
 * before found dead, and notes the others for the next. Rounds should lie further apart than the longest read takes.
 */
export const collectPatient = async (deps: Dependencies, patientId: PatientId): Promise<Collected> => {
  const { segments } = deps.engine;
  const listed = (await segments.list(patientId)).map(({ id }) => id);
  const notes = listed.filter(isSightings);
  const dead = await deadAmong(deps, patientId, listed);
  if (dead.length === 0 && notes.length === 0) return nothing;
  const before = await readSightings(deps, patientId, notes);
  const deleted = dead.filter((id) => before.has(id));
  const seen = dead.filter((id) => !before.has(id));
  if (seen.length > 0) {
    const note = sightingsId(deps.newId().replaceAll("-", ""));
    await segments.put(patientId, note, Buffer.from(seen.join("\n"), "latin1"));
  }
  // The new note first: a kill in between leaves one too many, never one too few.
  await segments.delete(patientId, [...deleted, ...notes]);
  deps.log("info", "record.collected", { patientId, seen: seen.length, deleted: deleted.length });
  return { seen, deleted };
};

/** One round over every patient that has a head. */
export const collectAll = async (deps: Dependencies): Promise<void> => {
  let after: string | undefined;
  do {
    const page = await deps.engine.heads.list({ limit: 100, ...(after === undefined ? {} : { after }) });
    for (const patientId of page.items) await collectPatient(deps, patientId);
    after = page.next;
  } while (after !== undefined);
};
