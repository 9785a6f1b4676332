import * as z from "zod";
import { demographicsSchema, isoDate, line } from "../../shared/record/demographics-schema.ts";
import { recordLimits } from "../../shared/record/limits.ts";

const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "Invalid input: expected a UUID in lower case");

/** Body of `POST /v1/patients`; `id` lets a client address the record before it is sent. */
export const createPatientSchema = demographicsSchema.extend({ id: uuid.optional() });

const summary = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !/\p{Cc}/u.test(text), "Invalid input: has control characters");

const putChange = z.strictObject({
  put: z.string().meta({ description: "Path under notes/ or documents/.", example: "notes/plan.md" }),
  content: z.string(),
  ifMatch: z.string().nullable().optional().meta({
    description: "The file's ETag, quoted; null: the file must not exist.",
    example: '"8baef1b4abc478178b004d62031cf7fe6db6f903"',
  }),
});

const deleteChange = z.strictObject({ delete: z.string(), ifMatch: z.string().optional() });

const isOneKind = (input: unknown): boolean =>
  typeof input === "object" && input !== null && "put" in input !== "delete" in input;

/** Says itself when it is neither kind or both; else the kind it is has the reason. */
const change = z.union([putChange, deleteChange], {
  error: ({ input }) =>
    isOneKind(input) ? undefined : "Invalid input: expected an object with either put and content, or delete",
});

/** Body of `POST …/changes`. */
export const changeSetSchema = z.strictObject({
  summary,
  expectedCommit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "Invalid input: expected a commit id")
    .optional(),
  changes: z.array(change).min(1).max(recordLimits.changes),
});

export type ChangeSetBody = z.infer<typeof changeSetSchema>;

/** Body of `POST /v1/patients/search`: all that is given must hold. */
export const searchSchema = z
  .strictObject({
    name: line(200).optional().meta({ description: "How the family name begins; case and accents do not matter." }),
    identifier: z.strictObject({ system: line(200), value: line(100) }).optional(),
    birthDate: isoDate.optional(),
  })
  .refine((search) => Object.keys(search).length > 0, "Invalid input: give name, identifier or birthDate");

/** Body of `POST /v1/operations/{id}/dismiss`. */
export const dismissSchema = z.strictObject({ reason: line(500) });

/** Body of `POST /v1/operations/redrive`. */
export const redriveSchema = z.strictObject({ patientId: uuid });
