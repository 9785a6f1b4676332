import { pagesOf } from "../../../functions/pages.ts";
import type { OperationState, PatientId } from "../../../shared/operation.ts";
import type { Engine } from "../../../shared/ports.ts";

type Ports = Pick<Engine, "heads" | "operations">;

/** States of rows that may speak of a patient for whom no writer ever had work. */
const headless: readonly OperationState[] = ["queued", "parked", "rejected"];

/** Patients with operations but no head item, each once: all theirs were parked, or wait. */
async function* patientsWithoutHead({ heads, operations }: Ports): AsyncGenerator<PatientId> {
  const found = new Set<PatientId>();
  for (const state of headless) {
    let last: PatientId | undefined;
    for await (const { patientId } of pagesOf((page) => operations.list({ state, ...page }))) {
      if (patientId === last || found.has(patientId)) continue;
      last = patientId;
      if ((await heads.read(patientId)) !== undefined) continue;
      found.add(patientId);
      yield patientId;
    }
  }
}

/** Everybody of whom something is stored, one page in memory at a time. */
export async function* patientsOf(ports: Ports): AsyncGenerator<PatientId> {
  yield* pagesOf((page) => ports.heads.list(page));
  yield* patientsWithoutHead(ports);
}

/** How many have a head item. */
export const countPatients = async ({ heads }: Ports): Promise<number> => {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await heads.list({ limit: 1_000, ...(after !== undefined && { after }) });
    count += page.items.length;
    after = page.next;
  } while (after !== undefined);
  return count;
};
