import { Refusal } from "../../shared/errors.ts";
import type { Head, Identifier, Summary } from "../../shared/head.ts";
import type { Demographics } from "../../shared/record/command.ts";
import { readDemographics } from "../../shared/record/demographics-file.ts";
import { normaliseName } from "../../shared/record/normalise-name.ts";
import { demographicsPath } from "../../shared/record/paths.ts";
import type { RecordTree } from "../../shared/record/view.ts";
import type { Capture, PatientPorts } from "./capture.ts";
import type { Notebook } from "./finding.ts";

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const identifiersOf = (list: readonly Identifier[]): unknown => list.map(({ system, value }) => [system, value]);

/** Which part of a summary is not the head's or the record's; undefined when all is. Parts are named, never shown. */
const differenceOf = (summary: Summary, head: Head, file: Demographics): string | undefined => {
  const { name, birthDate, sex, identifiers } = file;
  if (summary.commit !== head.commit || summary.commits !== head.commits) return "its commit is not the head's";
  if (summary.patientId !== head.patientId || summary.updatedAt !== head.updatedAt)
    return "its id or time is not the head's";
  if (summary.name.family !== name.family || !sameJson(summary.name.given, name.given))
    return "its name is not the file's";
  if (summary.normalisedFamily !== normaliseName(name.family)) return "its searchable name is not that of the file";
  if (summary.birthDate !== birthDate || summary.sex !== sex) return "its date of birth or sex is not the file's";
  return sameJson(identifiersOf(summary.identifiers), identifiersOf(identifiers))
    ? undefined
    : "its identifiers are not the file's";
};

/** The searches that a client would use find the patient, and each identifier leads to this patient only. */
const checkSearches = async ({ summaries }: PatientPorts, summary: Summary, notes: Notebook): Promise<void> => {
  const { patientId, normalisedFamily, birthDate, updatedAt } = summary;
  const query = {
    normalisedFamilyPrefix: normalisedFamily,
    birthDate,
    updatedSince: updatedAt,
    patientIds: [patientId],
  };
  const { items } = await summaries.find({ ...query, limit: 1 });
  if (items.length !== 1)
    notes.add("summary-wrong", "summary", "A search by name, date of birth and time does not find it.");
  for (const identifier of summary.identifiers) {
    const found = await summaries.find({ identifier, limit: 2 });
    if (found.items.length !== 1 || found.items[0]?.patientId !== patientId) {
      notes.add("identifier-wrong", "identifiers", "An identifier of this patient does not lead to this patient.");
    }
  }
};

/** What lists and searches show must be what the record says at the head's commit. */
export const checkSummary = async (
  ports: PatientPorts,
  { capture: { head, summary }, tree }: { readonly capture: Capture; readonly tree: RecordTree },
  notes: Notebook,
): Promise<void> => {
  const isUnreadable = notes.findings.some(({ kind }) => kind === "summary-wrong");
  if (summary === undefined) {
    if (!isUnreadable) notes.add("summary-missing", "summary", "The patient is in no list and no search.");
    return;
  }
  const file = readDemographics(tree.pinned(demographicsPath) ?? "");
  if (file instanceof Refusal) {
    notes.add("tree-mismatch", demographicsPath, "The file is not valid for its place in the record.");
    return;
  }
  const why = differenceOf(summary, head, file);
  if (why !== undefined) notes.add("summary-wrong", "summary", `The summary is wrong: ${why}.`);
  else await notes.attempt("summary-wrong", "summary", () => checkSearches(ports, summary, notes));
};
