import type { PatientId } from "../../shared/operation.ts";

/**
 * Everything the doctor can find. An error means that something stored is not what was written; a note is worth knowing and
 * needs no repair. docs/doctor.md has an entry for each kind.
 */
export const findingKinds = {
  "store-damaged": { severity: "error", remedy: "restore a backup into an empty folder (npm run restore)" },
  "store-unreadable": { severity: "error", remedy: "see what the store says, then restore a backup" },
  "head-missing": { severity: "error", remedy: "restore a backup: nothing else names this patient's segments" },
  "head-unreadable": { severity: "error", remedy: "restore a backup: the head row holds what cannot be decoded" },
  "head-invalid": { severity: "error", remedy: "restore a backup: the head row contradicts itself" },
  "segment-missing": { severity: "error", remedy: "restore a backup: the head names a segment that is not stored" },
  "segment-unreadable": { severity: "error", remedy: "see what the store says, then restore a backup" },
  "segment-length": { severity: "error", remedy: "restore a backup: the segment or the head row was altered" },
  "pack-damaged": { severity: "error", remedy: "restore a backup, or take the objects from a clone of this record" },
  "footer-damaged": { severity: "error", remedy: "restore a backup: the segment's index was altered" },
  "footer-wrong": { severity: "error", remedy: "restore a backup, and report it: the index contradicts the pack" },
  "snapshot-damaged": { severity: "error", remedy: "restore a backup: the segment's snapshot was altered" },
  "snapshot-wrong": {
    severity: "error",
    remedy: "restore a backup, and report it: the snapshot contradicts the trees",
  },
  "object-damaged": { severity: "error", remedy: "restore a backup, or take the object from a clone of this record" },
  "history-broken": { severity: "error", remedy: "restore a backup: the head row or a segment was altered" },
  "tree-mismatch": { severity: "error", remedy: "restore a backup, and report it: two readers disagree" },
  "git-clone-failed": { severity: "error", remedy: "look at the other findings of this patient first" },
  "git-fsck-failed": { severity: "error", remedy: "look at the other findings of this patient first" },
  "git-signature-bad": { severity: "error", remedy: "see that signing-key.pem is the one that signed these commits" },
  "operations-unreadable": { severity: "error", remedy: "restore a backup: a row holds what cannot be decoded" },
  "operation-without-commit": { severity: "error", remedy: "restore a backup: a row or the head was altered" },
  "operation-commit-mismatch": { severity: "error", remedy: "restore a backup: the row names another commit" },
  "operation-state-wrong": { severity: "error", remedy: "restore a backup: the row's state contradicts the history" },
  "operation-row-wrong": { severity: "error", remedy: "restore a backup: the row contradicts its commit" },
  "operation-twice": { severity: "error", remedy: "report it: one operation made two commits" },
  "commit-without-operation": { severity: "error", remedy: "restore a backup: the row of a commit is gone or altered" },
  "summary-missing": { severity: "error", remedy: "change the patient's demographics: the next settle writes it" },
  "summary-wrong": { severity: "error", remedy: "change the patient's demographics: the next settle writes it" },
  "identifier-wrong": { severity: "error", remedy: "restore a backup, or report it: uniqueness is not guarded" },
  "payload-missing": { severity: "error", remedy: "redrive or dismiss it: its content is gone, so it cannot commit" },
  "payload-left": { severity: "note", remedy: "keep the service running: its sweep deletes it" },
  garbage: { severity: "note", remedy: "none needed: the collector deletes it" },
  "snapshot-encoding": {
    severity: "note",
    remedy: "none needed: another zlib wrote it; a single one may be a flipped bit",
  },
  unsteady: { severity: "note", remedy: "run doctor again when this patient is written to less" },
  skipped: { severity: "note", remedy: "see the text" },
} as const satisfies Record<string, { severity: "error" | "note"; remedy: string }>;

type FindingKind = keyof typeof findingKinds;

export interface Finding {
  /** Null: not about one patient. */
  readonly patientId: PatientId | null;
  readonly kind: FindingKind;
  /** What was looked at: a segment, operation, commit, file; empty for the whole. Ids and paths only. */
  readonly where: string;
  /** One sentence without clinical content, names or identifiers. */
  readonly detail: string;
}

export const isError = ({ kind }: Finding): boolean => findingKinds[kind].severity === "error";

/** Takes the findings about one patient. */
export interface Notebook {
  readonly findings: readonly Finding[];
  add(kind: FindingKind, where: string, detail: string): void;
  /** What `read` gives; when it throws, whatever it throws, that is the finding and the result is undefined. */
  attempt<T>(kind: FindingKind, where: string, read: () => T | Promise<T>): Promise<T | undefined>;
}

/** The text of what was thrown: ours carry no content; the store's name tables and codes. */
const reasonOf = (cause: unknown): string => (cause instanceof Error ? `${cause.name}: ${cause.message}` : "unknown");

export const notebookOf = (patientId: PatientId | null): Notebook => {
  const findings: Finding[] = [];
  const add: Notebook["add"] = (kind, where, detail) => {
    findings.push({ patientId, kind, where, detail });
  };
  return {
    findings,
    add,
    attempt: async (kind, where, read) => {
      try {
        return await read();
      } catch (cause) {
        add(kind, where, `It cannot be read (${reasonOf(cause)}).`);
        return undefined;
      }
    },
  };
};
