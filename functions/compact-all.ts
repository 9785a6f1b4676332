import type { PatientId } from "../shared/operation.ts";
import { compactPatient } from "./compact.ts";
import type { Dependencies } from "./dependencies.ts";
import { inLanes } from "./in-lanes.ts";
import { pagesOf } from "./pages.ts";
import { throwFields } from "./throw-fields.ts";

/** Patients at a time; nearly all of them cost one read of a head. */
const lanes = 8;

/** After so many failures the rest is left to the next day: a store that is down fails all of them. */
const mostFailures = 20;

const compactEach = async (
  deps: Dependencies,
  patients: Iterator<PatientId> | AsyncGenerator<PatientId>,
): Promise<void> => {
  const failures: unknown[] = [];
  await inLanes(lanes, patients, async (patientId) => {
    if (failures.length >= mostFailures) return;
    try {
      await compactPatient(deps, patientId);
    } catch (cause) {
      deps.log("error", "record.compaction-failed", { patientId, ...throwFields(cause) });
      failures.push(cause);
    }
  });
  if (failures.length > 0) throw failures[0];
};

/** Compacts these patients' records where it is due. A failure is logged and keeps no other from it; the first is thrown in the end. */
export const compactPatients = (deps: Dependencies, patientIds: ReadonlySet<PatientId>): Promise<void> =>
  compactEach(deps, patientIds.values());

/** The same for every record, for what no seal told of. */
export const compactAll = (deps: Dependencies): Promise<void> =>
  compactEach(
    deps,
    pagesOf((page) => deps.engine.heads.list(page)),
  );
