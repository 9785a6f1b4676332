import { loadState, type RecordState } from "../shared/git/state.ts";
import type { Head } from "../shared/head.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Segments } from "../shared/ports.ts";

/** Current states of records, each good for one commit only, the least recently used dropped first. */
export interface RecordCache {
  /** The state of `head`: from memory when the commit is the same, else two reads at most. Throws Fault segment-missing. */
  load(head: Head): Promise<RecordState>;
  keep(patientId: PatientId, state: RecordState): void;
}

/** About what a file of a tree takes in memory, bytes. */
const bytesPerFile = 200;

const weightOf = ({ tree, tail }: RecordState): number =>
  1_000 + tree.fileCount * bytesPerFile + (tail?.bytes.length ?? 0);

/** Keeps states that weigh up to `maxBytes` together, as `weightOf` estimates them. */
export const recordCache = (segments: Pick<Segments, "get">, maxBytes: number): RecordCache => {
  const states = new Map<PatientId, RecordState>();
  let bytes = 0;
  const drop = (patientId: PatientId): void => {
    const old = states.get(patientId);
    if (old === undefined) return;
    bytes -= weightOf(old);
    states.delete(patientId);
  };
  const keep = (patientId: PatientId, state: RecordState): void => {
    drop(patientId);
    states.set(patientId, state);
    bytes += weightOf(state);
    for (const oldest of states.keys()) {
      if (bytes <= maxBytes || states.size === 1) return;
      drop(oldest);
    }
  };
  return {
    keep,
    load: async (head) => {
      const { patientId, commit } = head;
      const known = states.get(patientId);
      if (known?.commit === commit) {
        states.delete(patientId);
        states.set(patientId, known);
        return known;
      }
      const state = await loadState(head, (id, range) => segments.get(patientId, id, range));
      keep(patientId, state);
      return state;
    },
  };
};
