import type { PatientId } from "../../../shared/operation.ts";
import type { Engine } from "../../../shared/ports.ts";
import { UsageError } from "../read-flags.ts";

type PatientPorts = Pick<Engine, "heads" | "segments" | "operations" | "summaries">;

/** Whether anything stored speaks of a patient; what cannot be read may, and is the examination's to name. */
const isSpokenOf = async ({ heads, segments, operations, summaries }: PatientPorts, id: PatientId) => {
  try {
    if ((await heads.read(id)) !== undefined) return true;
    if ((await operations.list({ patientId: id, limit: 1 })).items.length > 0) return true;
    return (await segments.list(id)).length > 0 || (await summaries.get(id)) !== undefined;
  } catch {
    return true;
  }
};

/** Throws UsageError for an id that nothing in the data folder speaks of: it was mistyped, or is of another folder. */
export const checkAsked = async (ports: PatientPorts, data: string, asked: readonly PatientId[]): Promise<void> => {
  for (const id of asked) {
    if (!(await isSpokenOf(ports, id))) throw new UsageError(`There is no patient ${id} in ${data}.`);
  }
};
