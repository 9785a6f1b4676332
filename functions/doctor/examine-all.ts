import type { PatientId } from "../../shared/operation.ts";
import { findLeftPayloads } from "./check-leftovers.ts";
import { examinePatient, nothing, type DoctorPorts, type Examined, type SecondOpinion } from "./examine-patient.ts";
import { isError, notebookOf, type Finding } from "./finding.ts";
import { findStrays } from "./find-strays.ts";
import { pagesOf } from "../pages.ts";

export interface DoctorOptions {
  readonly ports: DoctorPorts;
  /** A folder of this run's own, for repositories that are removed again. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Only these; then the checks across all patients are left out. */
  readonly patients?: readonly PatientId[];
  readonly secondOpinion?: SecondOpinion;
  /** Told after each patient. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Report {
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
  readonly counts: Omit<Examined, "findings" | "hasRecord"> & {
    /** Those with a commit, and those of whom nothing can be read. */
    readonly patients: number;
    /** Ids that something was asked for, but that have no commit. */
    readonly withoutRecord: number;
  };
}

/** The counts of a store of which nothing was read. */
export const noCounts: Report["counts"] = { patients: 0, withoutRecord: 0, ...nothing };

/** Patients examined side by side: one waits for git or the disk while another is decoded. */
const atOnce = 2;

const listPatients = async ({ heads }: DoctorPorts): Promise<readonly PatientId[]> => {
  const found: PatientId[] = [];
  for await (const patientId of pagesOf((page) => heads.list(page))) found.push(patientId);
  return found;
};

const sum = (a: Report["counts"], b: Examined): Report["counts"] => ({
  patients: a.patients + (b.hasRecord ? 1 : 0),
  withoutRecord: a.withoutRecord + (b.hasRecord ? 0 : 1),
  commits: a.commits + b.commits,
  operations: a.operations + b.operations,
  segments: a.segments + b.segments,
  bytes: a.bytes + b.bytes,
  garbage: { segments: a.garbage.segments + b.garbage.segments, bytes: a.garbage.bytes + b.garbage.bytes },
});

/** What is wrong across patients: rows and summaries of none, content that stayed behind. */
const acrossPatients = async ({ ports, now }: DoctorOptions): Promise<readonly Finding[]> => {
  const notes = notebookOf(null);
  const strays = await notes.attempt("store-unreadable", "operations and summaries", () => findStrays(ports));
  const left = await notes.attempt("store-unreadable", "payloads", () => findLeftPayloads(ports, now()));
  return [...notes.findings, ...(strays ?? []), ...(left ?? [])];
};

/** Examines patient after patient, a few at a time, holding only their findings. Never throws on what is stored. */
export const examineAll = async (options: DoctorOptions): Promise<Report> => {
  const { ports, patients, onProgress } = options;
  const findings: Finding[] = [];
  const notes = notebookOf(null);
  const ids = patients ?? (await notes.attempt("store-unreadable", "heads", () => listPatients(ports))) ?? [];
  findings.push(...notes.findings);
  let counts: Report["counts"] = noCounts;
  const waiting = ids.values();
  const examineWaiting = async (): Promise<void> => {
    for (const patientId of waiting) {
      const examined = await examinePatient(options, patientId);
      findings.push(...examined.findings);
      counts = sum(counts, examined);
      onProgress?.(counts.patients + counts.withoutRecord, ids.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, examineWaiting));
  if (patients === undefined) findings.push(...(await acrossPatients(options)));
  return { healthy: !findings.some(isError), findings, counts };
};
