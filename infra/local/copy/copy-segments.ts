import type { PackEntry, SegmentId } from "../../../shared/git/pack-map.ts";
import { segmentsInOrder } from "../../../shared/git/segment-id.ts";
import type { Head } from "../../../shared/head.ts";
import type { PatientId } from "../../../shared/operation.ts";
import type { Copying } from "./copy-record.ts";
import { NotCopied } from "./not-copied.ts";
import { walkSegments } from "./walk-segments.ts";

/** From this length on, bytes, segments are copied one at a time over all patients: each is in memory twice. */
const largeBytes = 16 * 1024 * 1024;

const lengthOf = ({ pack, snapshot, footer }: PackEntry): number => pack + snapshot + footer;

interface Stored {
  readonly stored: Uint8Array;
  readonly isNew: boolean;
}

/** What the destination gives back of a segment is what the source has. Throws NotCopied. */
const copySegment = async (
  { from, to }: Copying,
  { patientId, id }: { readonly patientId: PatientId; readonly id: SegmentId },
  there: number | undefined,
): Promise<Stored> => {
  const bytes = await from.segments.get(patientId, id);
  const isNew = there !== bytes.length;
  if (isNew) await to.adoption.putSegment(patientId, id, bytes);
  const stored = await to.engine.segments.get(patientId, id);
  if (Buffer.compare(stored, bytes) !== 0)
    throw new NotCopied(`the destination has other bytes under the name of segment ${id}`);
  return { stored, isNew };
};

/**
 * Copies the segments that the head names and are not there yet, one after the other; returns how many. The log is walked in
 * what the destination gives back. Throws NotCopied, and Fault damaged for a history that is not whole.
 */
export const copySegments = async (copying: Copying, { patientId, packs, ...head }: Head): Promise<number> => {
  const { to, inTurn = (work) => work() } = copying;
  const there = new Map((await to.engine.segments.list(patientId)).map(({ id, bytes }) => [id, bytes]));
  const walk = walkSegments(head);
  let copied = 0;
  for (const id of segmentsInOrder(packs)) {
    const pack = packs[id];
    if (pack === undefined) continue;
    const copy = async (): Promise<void> => {
      const { stored, isNew } = await copySegment(copying, { patientId, id }, there.get(id));
      walk.segment(pack, stored);
      copied += isNew ? 1 : 0;
    };
    await (lengthOf(pack) < largeBytes ? copy() : inTurn(copy));
  }
  walk.end();
  return copied;
};
