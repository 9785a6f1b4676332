import { Refusal } from "../../../shared/errors.ts";
import type { Listed } from "../../../shared/ports.ts";

/** Where a page ended: the sort value of its last row, and what tells rows with the same value apart. */
export interface Position {
  readonly value: number;
  readonly tie: string;
}

export const cursorOf = ({ value, tie }: Position): string => `${value}.${tie}`;

const notOurs = (): Refusal => new Refusal("invalid-cursor", "the cursor was not issued by this service");

/** The sort value of a cursor that holds nothing else. Throws Refusal invalid-cursor for any other text. */
export const seqOf = (cursor: string): number => {
  const seq = cursor === "" ? Number.NaN : Number(cursor);
  if (!Number.isSafeInteger(seq)) throw notOurs();
  return seq;
};

/** Throws Refusal invalid-cursor for a text that `cursorOf` did not make. */
export const positionOf = (cursor: string): Position => {
  const dot = cursor.indexOf(".");
  if (dot < 1) throw notOurs();
  return { value: seqOf(cursor.slice(0, dot)), tie: cursor.slice(dot + 1) };
};

/** One page from up to `limit + 1` rows: the extra row only tells that there are more. */
export const pageOf = <R, T>(
  rows: readonly R[],
  limit: number,
  of: { readonly item: (row: R) => T; readonly cursor: (row: R) => string },
): Listed<T> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(of.item);
  return rows.length > limit && last !== undefined ? { items, next: of.cursor(last) } : { items };
};
