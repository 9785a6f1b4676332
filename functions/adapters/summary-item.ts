import type { Summary } from "../../shared/head.ts";
import { shardOf } from "./aws-store.ts";
import { timeKey } from "./operation-item.ts";

/** A summary as stored: keys of its indexes, and the whole as text. */
export interface SummaryItem {
  readonly id: string;
  readonly s: string;
  /** Time of the last change and patient id. */
  readonly t: string;
  /** Normalised family name and patient id. */
  readonly f: string;
  readonly b: string;
  readonly n: number;
  readonly j: string;
}

export const summaryItem = (summary: Summary): SummaryItem => {
  const { patientId, updatedAt, normalisedFamily, birthDate, commits } = summary;
  return {
    id: patientId,
    s: shardOf(patientId),
    t: timeKey(updatedAt, patientId),
    f: `${normalisedFamily}#${patientId}`,
    b: birthDate,
    n: commits,
    j: JSON.stringify(summary),
  };
};

export const summaryOf = ({ j }: SummaryItem): Summary => JSON.parse(j) as Summary;
