import type { DatabaseSync } from "node:sqlite";
import { collectorsPlace } from "../../../functions/collect-round.ts";
import { notebookOf, type Finding } from "../../../functions/doctor/finding.ts";
import { applicationId, schemaVersion } from "../sqlite/schema.ts";

/** Lines of PRAGMA integrity_check that are shown; the rest say the same. */
const mostLines = 20;

const headless = `
  SELECT DISTINCT patient_id AS id FROM segments
  WHERE patient_id NOT IN (SELECT patient_id FROM heads) AND patient_id <> ?`;

/** Patients with claims on identifiers that their summary does not have: nobody else could ever use these. */
const stale = `
  SELECT patient_id AS id, count(*) AS count FROM identifiers AS claim
  WHERE NOT EXISTS (
    SELECT 1 FROM summaries AS s, json_each(s.summary, '$.identifiers') AS one
    WHERE s.patient_id = claim.patient_id
      AND one.value ->> 'system' = claim.system AND one.value ->> 'value' = claim.value)
  GROUP BY patient_id`;

const checkPages = (db: DatabaseSync): Finding[] =>
  db
    .prepare(`PRAGMA integrity_check(${mostLines})`)
    .all()
    .map((row) => String(row["integrity_check"]))
    .filter((line) => line !== "ok")
    .map((line) => ({ patientId: null, kind: "store-damaged", where: "database", detail: `SQLite says: ${line}` }));

const checkVersion = (db: DatabaseSync): Finding[] => {
  const read = (pragma: string): unknown => db.prepare(`PRAGMA ${pragma}`).get()?.[pragma];
  const isOurs = read("application_id") === applicationId && Number(read("user_version")) <= schemaVersion;
  const detail = "The file is not marked as this version's database.";
  return isOurs ? [] : [{ patientId: null, kind: "store-damaged", where: "database", detail }];
};

const checkHeadless = (db: DatabaseSync): Finding[] =>
  db
    .prepare(headless)
    .all(collectorsPlace)
    .map(({ id }) => ({
      patientId: String(id),
      kind: "head-missing",
      where: "segments",
      detail: "Segments are stored for a patient that has no head.",
    }));

const checkClaims = (db: DatabaseSync): Finding[] =>
  db
    .prepare(stale)
    .all()
    .map(({ id, count }) => ({
      patientId: String(id),
      kind: "identifier-wrong",
      where: "identifiers",
      detail: `${String(count)} identifiers are claimed for this patient, but not in its demographics.`,
    }));

/** What only the database itself can tell: its pages, and rows that no port lists. Never throws. */
export const checkDatabase = async (db: DatabaseSync): Promise<readonly Finding[]> => {
  const notes = notebookOf(null);
  const found: Finding[] = [];
  for (const check of [checkPages, checkVersion, checkHeadless, checkClaims]) {
    found.push(...((await notes.attempt("store-damaged", "database", () => check(db))) ?? []));
  }
  return [...notes.findings, ...found];
};
