import type { SQLInputValue } from "node:sqlite";
import type { Summary } from "../../../shared/head.ts";
import type { Listed, Summaries, SummaryQuery } from "../../../shared/ports.ts";
import { instantOf, millisecondsOf } from "./instant.ts";
import { cursorOf, pageOf, positionOf } from "./keyset.ts";
import type { Reader } from "./sql.ts";
import type { Store } from "./store.ts";

type SummaryRow = {
  patient_id: string;
  commit_id: string | null;
  commits: number;
  updated_at: number | null;
  summary: string;
};

const columns = "h.patient_id, h.commit_id, h.commits, h.updated_at, s.summary";

const selectOne = `
  SELECT ${columns} FROM summaries AS s JOIN heads AS h ON h.patient_id = s.patient_id WHERE s.patient_id = ?`;

/** A summary is as of its patient's head; one that says to be newer, as it was written. */
const summaryOf = ({ commit_id, commits, updated_at, summary }: SummaryRow): Summary => {
  const stored = JSON.parse(summary) as Summary;
  if (commit_id === null || updated_at === null || commits < stored.commits) return stored;
  return { ...stored, commit: commit_id, commits, updatedAt: instantOf(updated_at) };
};

/** Follows every text that begins with the prefix: texts compare by their UTF-8 bytes. */
const endOfPrefix = (prefix: string): string => `${prefix}\u{10FFFF}`;

interface Filter {
  readonly conditions: string[];
  readonly values: SQLInputValue[];
}

const filterOf = (query: SummaryQuery): Filter => {
  const filter: Filter = { conditions: [], values: [] };
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    filter.conditions.push(condition);
    filter.values.push(...given);
  };
  const { normalisedFamilyPrefix: prefix, identifier, birthDate, patientIds } = query;
  if (prefix !== undefined) where("family >= ? AND family < ?", prefix, endOfPrefix(prefix));
  if (birthDate !== undefined) where("birth_date = ?", birthDate);
  if (identifier) {
    const owner = "s.patient_id = (SELECT patient_id FROM identifiers WHERE system = ? AND value = ?)";
    where(owner, identifier.system, identifier.value);
  }
  if (patientIds) where("s.patient_id IN (SELECT value FROM json_each(?))", JSON.stringify(patientIds));
  return filter;
};

/** Oldest first by update, then patient id. The texts of its statements form a closed set. */
const find = (sql: Reader, query: SummaryQuery): Listed<Summary> => {
  const { conditions, values } = filterOf(query);
  // Walks all patients in order of time, or else finds the few that match first and sorts them: CROSS keeps the order.
  const from = conditions.length > 0 ? "summaries AS s CROSS JOIN heads AS h" : "heads AS h CROSS JOIN summaries AS s";
  const { updatedSince, after, limit } = query;
  if (updatedSince !== undefined) {
    conditions.push("h.updated_at >= ?");
    values.push(millisecondsOf(updatedSince));
  }
  if (after !== undefined) {
    const { value, tie } = positionOf(after);
    conditions.push("(h.updated_at, h.patient_id) > (?, ?)");
    values.push(value, tie);
  }
  const filter = ["h.patient_id = s.patient_id", ...conditions].join(" AND ");
  const statement = `
    SELECT ${columns} FROM ${from} WHERE ${filter} ORDER BY h.updated_at, h.patient_id LIMIT ?`;
  return pageOf(sql.all<SummaryRow>(statement, ...values, limit + 1), limit, {
    item: summaryOf,
    cursor: (row) => cursorOf({ value: row.updated_at ?? 0, tie: row.patient_id }),
  });
};

/** What lists and searches show of patients. */
export const sqliteSummaries = ({ reader }: Store): Summaries => ({
  get: async (patientId) => {
    const row = reader.get<SummaryRow>(selectOne, patientId);
    return row && summaryOf(row);
  },
  find: async (query) => find(reader, query),
});
