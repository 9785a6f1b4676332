import { isFault } from "../shared/errors.ts";
import { findGarbage, isOfRound, isSightings, sightingsId, type Garbage } from "../shared/git/garbage.ts";
import type { SegmentId } from "../shared/git/pack-map.ts";
import type { Head } from "../shared/head.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";

/** What one round did with a patient's segments. */
export interface Collected {
  /** Garbage seen for the first time: the next round deletes it. */
  readonly seen: readonly SegmentId[];
  readonly deleted: readonly SegmentId[];
  /** Of a writer that holds the lease, where there is one: dead or about to be published, a later round will know. */
  readonly unsure?: readonly SegmentId[];
}

const compactId = (id: string): string => id.replaceAll("-", "");

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
const garbageAmong = async (
  deps: Dependencies,
  patientId: PatientId,
  listed: readonly SegmentId[],
): Promise<Garbage> => {
  const head = await deps.engine.heads.read(patientId);
  if (head === undefined) return { dead: [], unsure: [] };
  const found = findGarbage(listed, head);
  if (found.unsure.length === 0) return found;
  const raised = await raiseEpoch(deps, patientId);
  return raised === undefined ? found : findGarbage(listed, raised);
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
 * One round's visit to a patient (03, "Garbage without clocks"): deletes the segments that this round and one before found
 * dead, and notes the others for the next. A round may visit a patient twice, as after a kill: that counts as once. Rounds
 * should lie further apart than the longest read takes.
 */
export const collectPatient = async (
  deps: Dependencies,
  patientId: PatientId,
  round: string = deps.newId(),
): Promise<Collected> => {
  const { segments } = deps.engine;
  const listed = (await segments.list(patientId)).map(({ id }) => id);
  const notes = listed.filter(isSightings);
  const { dead, unsure } = await garbageAmong(deps, patientId, listed);
  const left = unsure.length > 0 ? { unsure } : {};
  if (dead.length === 0 && notes.length === 0) return { seen: [], deleted: [], ...left };
  const earlier = notes.filter((note) => !isOfRound(note, compactId(round)));
  const before = await readSightings(deps, patientId, earlier);
  const deleted = dead.filter((id) => before.has(id));
  const seen = dead.filter((id) => !before.has(id));
  if (seen.length > 0) {
    const note = sightingsId(compactId(round), compactId(deps.newId()));
    await segments.put(patientId, note, Buffer.from(seen.join("\n"), "latin1"));
  }
  // The new note first: a kill in between leaves one too many, never one too few.
  await segments.delete(patientId, [...deleted, ...notes]);
  deps.log("info", "record.collected", { patientId, seen: seen.length, deleted: deleted.length });
  return { seen, deleted, ...left };
};
