import type { SQLInputValue } from "node:sqlite";
import type { Summary } from "../../../shared/head.ts";
import type { Listed, Summaries, SummaryQuery } from "../../../shared/ports.ts";
import { millisecondsOf } from "./instant.ts";
import { cursorOf, pageOf, positionOf } from "./keyset.ts";
import type { Reader } from "./sql.ts";
import type { Store } from "./store.ts";

type SummaryRow = { patient_id: string; updated_at: number; summary: string };

const selectOne = "SELECT patient_id, updated_at, summary FROM summaries WHERE patient_id = ?";

const summaryOf = ({ summary }: SummaryRow): Summary => JSON.parse(summary) as Summary;

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
    const owner = "patient_id = (SELECT patient_id FROM identifiers WHERE system = ? AND value = ?)";
    where(owner, identifier.system, identifier.value);
  }
  if (patientIds) where("patient_id IN (SELECT value FROM json_each(?))", JSON.stringify(patientIds));
  return filter;
};

/** Oldest first by update, then patient id. The texts of its statements form a closed set. */
const find = (sql: Reader, query: SummaryQuery): Listed<Summary> => {
  const { conditions, values } = filterOf(query);
  // "+" keeps SQLite from walking all patients in order of time to find the few that match.
  const time = conditions.length > 0 ? "+updated_at" : "updated_at";
  const { updatedSince, after, limit } = query;
  if (updatedSince !== undefined) {
    conditions.push(`${time} >= ?`);
    values.push(millisecondsOf(updatedSince));
  }
  if (after !== undefined) {
    const { value, tie } = positionOf(after);
    conditions.push(`(${time}, patient_id) > (?, ?)`);
    values.push(value, tie);
  }
  const filter = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const statement = `
    SELECT patient_id, updated_at, summary FROM summaries ${filter} ORDER BY ${time}, patient_id LIMIT ?`;
  return pageOf(sql.all<SummaryRow>(statement, ...values, limit + 1), limit, {
    item: summaryOf,
    cursor: (row) => cursorOf({ value: row.updated_at, tie: row.patient_id }),
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
