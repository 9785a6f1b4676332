import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { PatientId } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";
import { writeBareRepository } from "./bare-repository.ts";
import { capturePatient, type Capture } from "./capture.ts";
import { checkHead, checkHeadTime } from "./check-head.ts";
import { checkPayloads, findLeftSegments } from "./check-leftovers.ts";
import { operationsVisitor } from "./check-operations.ts";
import { checkCurrent, snapshotVisitor } from "./check-record.ts";
import { openSegments, type OpenSegment } from "./check-segment.ts";
import { checkSummary } from "./check-summary.ts";
import { isError, notebookOf, type Finding, type Notebook } from "./finding.ts";
import { walkHistory, type TrackedFiles, type Visitor } from "./walk-history.ts";

/** Ports that the doctor reads; it writes through none. */
export type DoctorPorts = Pick<Engine, "heads" | "segments" | "operations" | "summaries" | "payloads" | "effects">;

/** Another implementation's opinion of a patient's repository, e.g. stock git's. */
export type SecondOpinion = (capture: Capture, notes: Notebook) => Promise<void>;

export interface Examining {
  readonly ports: DoctorPorts;
  /** A folder of this run's own, for repositories that are removed again. */
  readonly folder: string;
  readonly secondOpinion?: SecondOpinion;
}

export interface Examined {
  readonly findings: readonly Finding[];
  /** False for an id that has a head without a commit: every create for it was refused, or is still waiting. */
  readonly hasRecord: boolean;
  readonly commits: number;
  readonly operations: number;
  readonly segments: number;
  readonly bytes: number;
  readonly garbage: { readonly segments: number; readonly bytes: number };
}

/** The counts of a patient of whom nothing can be read. */
export const nothing = {
  commits: 0,
  operations: 0,
  segments: 0,
  bytes: 0,
  garbage: { segments: 0, bytes: 0 },
};

/** Walks the history once; gives the files at its end, where it was whole. */
const walkRecord = async (
  { folder }: Examining,
  { capture, segments }: { readonly capture: Capture; readonly segments: readonly OpenSegment[] },
  notes: Notebook,
): Promise<TrackedFiles | undefined> => {
  const { head, patientId, operations, steady } = capture;
  const gitdir = join(folder, `${patientId}.git`);
  const tip = head.commit ?? "";
  let last: TrackedFiles | undefined;
  const snapshots = snapshotVisitor(segments, head.commits, notes);
  const rows = steady && operations !== undefined ? operationsVisitor(operations, notes) : undefined;
  const visit: Visitor = (commit, files) => {
    snapshots.visit(commit, files);
    rows?.visit(commit, files);
    last = files;
  };
  try {
    const repository = await notes.attempt("object-damaged", "pack", () =>
      writeBareRepository(gitdir, { segments, tip }, notes),
    );
    const log = repository && (await walkHistory(repository, visit, notes));
    if (log === undefined) return undefined;
    if (log.length !== head.commits) {
      notes.add("history-broken", "head", `The head counts ${head.commits} commits; the log has ${log.length}.`);
    }
    snapshots.rest();
    rows?.rest();
    return last;
  } finally {
    await rm(gitdir, { recursive: true, force: true });
  }
};

/** A record that never had a commit: nothing may speak of one. */
const checkUnborn = ({ operations, summary }: Capture, notes: Notebook): void => {
  operationsVisitor(operations ?? [], notes).rest();
  if (summary !== undefined) notes.add("summary-wrong", "summary", "There is a summary, but no commit.");
};

const checkRecord = async (examining: Examining, capture: Capture, notes: Notebook): Promise<void> => {
  const { head, steady } = capture;
  checkHead(head, notes);
  if (head.commit === null) return checkUnborn(capture, notes);
  const segments = await openSegments(capture, notes);
  if (!steady) notes.add("unsteady", "head", "It moved all the time: rows and summary were not compared.");
  if (notes.findings.some(isError)) return;
  const files = await walkRecord(examining, { capture, segments }, notes);
  if (files === undefined) return;
  const tree = await checkCurrent(capture, files, notes);
  if (steady && tree !== undefined) await checkSummary(examining.ports, { capture, tree }, notes);
  if (steady) checkHeadTime(capture, notes);
};

const examineOnce = async (examining: Examining, patientId: PatientId): Promise<Examined> => {
  const { ports, secondOpinion } = examining;
  const { capture, notes } = await capturePatient(ports, patientId, () => notebookOf(patientId));
  if (capture === undefined) {
    if (notes.findings.length === 0) notes.add("head-missing", "head", "There is no head of this patient.");
    return { findings: notes.findings, hasRecord: true, ...nothing };
  }
  const { head, segments, operations } = capture;
  await notes.attempt("object-damaged", "record", () => checkRecord(examining, capture, notes));
  await notes.attempt("payload-missing", "payloads", () => checkPayloads(ports, operations ?? [], notes));
  const garbage = await notes.attempt("segment-unreadable", "garbage", () => findLeftSegments(ports, capture, notes));
  if (secondOpinion !== undefined && head.commit !== null) await secondOpinion(capture, notes);
  return {
    findings: notes.findings,
    hasRecord: head.commit !== null,
    commits: head.commits,
    operations: operations?.length ?? 0,
    segments: segments.size,
    bytes: [...segments.values()].reduce((sum, { length }) => sum + length, 0),
    garbage: garbage ?? nothing.garbage,
  };
};

/**
 * Everything that can be seen to be wrong with one patient. Never throws: what cannot be read is a finding. Errors are
 * looked for once more before they count, because a service may have been at work between two reads.
 */
export const examinePatient = async (examining: Examining, patientId: PatientId): Promise<Examined> => {
  const first = await examineOnce(examining, patientId);
  return first.findings.some(isError) ? examineOnce(examining, patientId) : first;
};
