import type { SegmentId } from "../../../shared/git/pack-map.ts";
import type { PatientId } from "../../../shared/operation.ts";
import type { SegmentListing } from "../../../shared/ports.ts";
import type { Reader, Sql } from "./sql.ts";

export type Range = { readonly from: number; readonly to: number } | undefined;

export interface SegmentKey {
  readonly patientId: PatientId;
  readonly id: SegmentId;
}

type PartRow = { part: number; bytes: Uint8Array<ArrayBuffer> };
type SizeRow = { id: string; bytes: number };

const partBytes = 65_536;

// A key is never used for other bytes, so a repeated put has nothing to change.
const insert = `
  INSERT INTO segments (patient_id, id, part, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (patient_id, id, part) DO NOTHING`;

const select = `
  SELECT part, bytes FROM segments WHERE patient_id = ? AND id = ? AND part BETWEEN ? AND ? ORDER BY part`;

const remove = "DELETE FROM segments WHERE patient_id = ? AND id = ?";

const selectSizes = `
  SELECT id, sum(length(bytes)) AS bytes FROM segments WHERE patient_id = ? GROUP BY id ORDER BY id`;

export const insertSegment = (sql: Sql, { patientId, id, bytes }: SegmentKey & { bytes: Uint8Array }): void => {
  for (let from = 0, part = 0; part === 0 || from < bytes.length; from += partBytes, part += 1) {
    sql.run(insert, patientId, id, part, bytes.subarray(from, from + partBytes));
  }
};

/** Undefined when there is no such segment, or it ends before the range. */
export const readSegment = (sql: Reader, { patientId, id }: SegmentKey, range: Range): Uint8Array | undefined => {
  const from = range?.from ?? 0;
  const lastPart = range ? Math.floor(Math.max(range.to - 1, from) / partBytes) : Number.MAX_SAFE_INTEGER;
  const rows = sql.all<PartRow>(select, patientId, id, Math.floor(from / partBytes), lastPart);
  const [first] = rows;
  if (!first) return undefined;
  const skipped = first.part * partBytes;
  const bytes = rows.length === 1 ? first.bytes : Buffer.concat(rows.map((row) => row.bytes));
  return range ? bytes.subarray(from - skipped, range.to - skipped) : bytes;
};

export const removeSegment = (sql: Sql, patientId: PatientId, id: SegmentId): void => {
  sql.run(remove, patientId, id);
};

export const listSegments = (sql: Reader, patientId: PatientId): SegmentListing[] =>
  sql.all<SizeRow>(selectSizes, patientId).map(({ id, bytes }) => ({ id, bytes }));
