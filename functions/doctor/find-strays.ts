import type { PatientId } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";
import type { Finding } from "./finding.ts";
import { pagesOf } from "../pages.ts";

/** Patients that committed operations or summaries speak of, each once, with what spoke of it. */
const spokenOf = async ({ operations, summaries }: Pick<Engine, "operations" | "summaries">) => {
  const found = new Map<PatientId, string>();
  for await (const { patientId } of pagesOf((page) => summaries.find(page))) found.set(patientId, "summary");
  for await (const { patientId, id } of pagesOf((page) => operations.list({ state: "committed", ...page }))) {
    if (!found.has(patientId)) found.set(patientId, `operation ${id}`);
  }
  return found;
};

/** Patients without a head item, though a summary or a committed operation speaks of them. Heads are read last. */
export const findStrays = async (
  engine: Pick<Engine, "heads" | "operations" | "summaries">,
): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  for (const [patientId, where] of await spokenOf(engine)) {
    const head = await engine.heads.read(patientId).catch(() => "unreadable" as const);
    if (head !== undefined) continue;
    const detail = "It speaks of a patient that has no head.";
    findings.push({ patientId, kind: "head-missing", where, detail });
  }
  return findings;
};
