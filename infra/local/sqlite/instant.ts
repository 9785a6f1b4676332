import type { Instant } from "../../../shared/operation.ts";

/** An instant as the tables hold it: milliseconds since the epoch. */
export const millisecondsOf = (instant: Instant): number => Date.parse(instant);

export const instantOf = (milliseconds: number): Instant => new Date(milliseconds).toISOString();

export const optionalInstantOf = (milliseconds: number | null): Instant | null =>
  milliseconds === null ? null : instantOf(milliseconds);
