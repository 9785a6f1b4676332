import { Refusal } from "../../shared/errors.ts";

/** Time and id. */
const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[0-9a-f-]{36}$/;

/** A sort key that an earlier page ended with. Throws Refusal invalid-cursor for any other text. */
export const checkedCursor = (cursor: string | undefined): string | undefined => {
  if (cursor === undefined || shape.test(cursor)) return cursor;
  throw new Refusal("invalid-cursor", "the cursor was not issued by this service");
};
