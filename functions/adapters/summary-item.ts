import type { Head, Summary } from "../../shared/head.ts";
import { shardOf } from "./aws-store.ts";

/**
 * A summary as stored: keys of its indexes, and the whole as text, as it was when the demographics changed last. Commit,
 * number and time of later ones stand in the head alone: a second item for them would cost as much as the head.
 */
export interface SummaryItem {
  readonly id: string;
  readonly s: string;
  /** Normalised family name and patient id. */
  readonly f: string;
  readonly b: string;
  /** Number of commits then. */
  readonly n: number;
  readonly j: string;
}

export const summaryItem = (summary: Summary): SummaryItem => {
  const { patientId, normalisedFamily, birthDate, commits } = summary;
  return {
    id: patientId,
    s: shardOf(patientId),
    f: `${normalisedFamily}#${patientId}`,
    b: birthDate,
    n: commits,
    j: JSON.stringify(summary),
  };
};

/**
 * The summary of a record, from its item and a head that was read before it: exact, as of the head, or as of the item where
 * that is newer.
 */
export const summaryOf = ({ j, n }: SummaryItem, head: Head | undefined): Summary => {
  const then = JSON.parse(j) as Summary;
  if (head === undefined || head.commit === null || head.updatedAt === null || head.commits < n) return then;
  return { ...then, commit: head.commit, commits: head.commits, updatedAt: head.updatedAt };
};
