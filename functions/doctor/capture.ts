import { isFault } from "../../shared/errors.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import type { SegmentId } from "../../shared/git/pack-map.ts";
import type { Head, Summary } from "../../shared/head.ts";
import type { Operation, PatientId } from "../../shared/operation.ts";
import type { Engine, SegmentListing } from "../../shared/ports.ts";
import type { Notebook } from "./finding.ts";
import { pagesOf } from "../pages.ts";

/** All that the store holds of one patient, at one moment when `steady`. */
export interface Capture {
  readonly patientId: PatientId;
  readonly head: Head;
  /** Read before the head. */
  readonly listed: readonly SegmentListing[];
  /** Segments that the head names and the store has. */
  readonly segments: ReadonlyMap<SegmentId, Uint8Array>;
  /** Undefined where the rows cannot be read. */
  readonly operations: readonly Operation[] | undefined;
  readonly summary: Summary | undefined;
  /** The head did not move meanwhile. */
  readonly steady: boolean;
}

/** What a capture is made with: the ports that hold a patient. */
export type PatientPorts = Pick<Engine, "heads" | "segments" | "operations" | "summaries">;

/** How often a capture starts over because the head moved. */
const mostCaptures = 8;

const sameHistory = (a: Head, b: Head | undefined): boolean => a.commit === b?.commit && a.generation === b.generation;

const readSegments = async (
  { segments }: PatientPorts,
  head: Head,
  notes: Notebook,
): Promise<ReadonlyMap<SegmentId, Uint8Array>> => {
  const found = new Map<SegmentId, Uint8Array>();
  for (const id of segmentsInOrder(head.packs)) {
    const bytes = await notes.attempt("segment-unreadable", `segment ${id}`, async () => {
      try {
        return await segments.get(head.patientId, id);
      } catch (cause) {
        if (isFault(cause, "segment-missing")) return undefined;
        throw cause;
      }
    });
    if (bytes !== undefined) found.set(id, bytes);
  }
  return found;
};

const readOperations = async ({ operations }: PatientPorts, patientId: PatientId): Promise<readonly Operation[]> => {
  const found: Operation[] = [];
  for await (const one of pagesOf((page) => operations.list({ patientId, ...page }))) found.push(one);
  return found;
};

const captureOnce = async (
  ports: PatientPorts,
  patientId: PatientId,
  notes: Notebook,
): Promise<Capture | undefined> => {
  const listed = await notes.attempt("segment-unreadable", "list of segments", () => ports.segments.list(patientId));
  const head = await notes.attempt("head-unreadable", "head", () => ports.heads.read(patientId));
  if (head === undefined) return undefined;
  const segments = await readSegments(ports, head, notes);
  const operations = await notes.attempt("operations-unreadable", "operations", () => readOperations(ports, patientId));
  const summary = await notes.attempt("summary-wrong", "summary", () => ports.summaries.get(patientId));
  const again = await ports.heads.read(patientId).catch(() => undefined);
  const steady = sameHistory(head, again);
  return { patientId, head, listed: listed ?? [], segments, operations, summary, steady };
};

/**
 * Reads everything about one patient between two equal reads of its head, again when a writer moved it meanwhile.
 * Undefined when there is no head that can be read; what could not be read is in `notes`.
 */
export const capturePatient = async (
  ports: PatientPorts,
  patientId: PatientId,
  newNotes: () => Notebook,
): Promise<{ readonly capture: Capture | undefined; readonly notes: Notebook }> => {
  for (let round = 1; ; round++) {
    const notes = newNotes();
    const capture = await captureOnce(ports, patientId, notes);
    if (capture === undefined || capture.steady || round === mostCaptures) return { capture, notes };
  }
};
