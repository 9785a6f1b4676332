import type { Oid } from "../../shared/git/oid.ts";
import type { Operation, PatientId } from "../../shared/operation.ts";

/** Patients whose last write is remembered: some 1 MB. */
const remembered = 4_096;

interface LastWrite {
  readonly commit: Oid;
  readonly path: string;
  readonly tag: Oid;
}

/**
 * What the outcomes that passed through this process say of their patients: at this commit this file had this tag. True for
 * ever, and of use while the commit is the head: then a guarded write needs no look at the record's tree, for the file is there,
 * and a record that took a write of it takes another.
 */
export interface LastWrites {
  remember(outcome: Operation, path: string | null): void;
  of(patientId: PatientId): LastWrite | undefined;
}

/** Remembers the last write of 4,096 patients, the longest silent forgotten first. */
export const lastWrites = (): LastWrites => {
  const writes = new Map<PatientId, LastWrite>();
  return {
    remember: ({ patientId, state, commit, etag }, path) => {
      if (state !== "committed" || commit === null || etag === null || path === null) return;
      writes.delete(patientId);
      writes.set(patientId, { commit, path, tag: etag });
      if (writes.size <= remembered) return;
      for (const oldest of writes.keys()) {
        writes.delete(oldest);
        return;
      }
    },
    of: (patientId) => writes.get(patientId),
  };
};
