/** Limits of one record; beyond them a command is refused (`record-full`, `invalid-request`, `invalid-record`). */
export const recordLimits = {
  /** Current files. */
  files: 50_000,
  /** Bytes of all packs. */
  packBytes: 256 * 1024 * 1024,
  /** Changes in one change set. */
  changes: 100,
  /** Identifiers of a patient: each is one row of the settling transaction. */
  identifiers: 10,
  /** Paths that a refusal lists. */
  listedPaths: 100,
  /** UTF-16 units of `ehr_status.yaml` or `demographics/patient.yaml`. */
  managedFile: 64 * 1024,
} as const;
