import * as z from "zod";
import { recordLimits } from "./limits.ts";

const controls = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** One line of text: trimmed, not empty, at most `max` UTF-16 units, without control characters. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !controls.test(text), "Invalid input: has control characters or lone surrogates")
    .refine((text) => text.trim() === text, "Invalid input: starts or ends with white space");

export const personName = z.strictObject({
  family: line(200).meta({ example: "Doe" }),
  given: z
    .array(line(200))
    .max(10)
    .meta({ example: ["Sample"] }),
});

export const isoDate = z.iso.date().refine((date) => date >= "1800-01-01", "Invalid input: is before 1800");

export const sex = z.enum(["female", "male", "other", "unknown"]);

const identifier = z.strictObject({
  system: line(200)
    .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/, "Invalid input: expected an absolute URI")
    .meta({ example: "urn:example:mrn" }),
  value: line(100).meta({ example: "12345" }),
});

/** Order matters to readers; equal pairs do not make sense. */
export const identifiers = z
  .array(identifier)
  .max(recordLimits.identifiers)
  .refine(
    (list) => new Set(list.map(({ system, value }) => `${system} ${value}`)).size === list.length,
    "Invalid input: lists an identifier twice",
  );

/** Demographics as clients send them (JSON). */
export const demographicsSchema = z.strictObject({
  name: personName,
  birthDate: isoDate.meta({ example: "1990-04-02" }),
  sex,
  identifiers: identifiers.default([]),
});
