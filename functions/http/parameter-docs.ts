import * as z from "zod";
import { maxWaitS } from "./prefer.ts";

const uuid = z.uuid();

/** Path parameters by name. */
export const pathParameterDocs: Readonly<Record<string, z.ZodType>> = {
  patientId: uuid.meta({ description: "The patient's id, a UUID in lower case." }),
  operationId: uuid.meta({ description: "The operation's id." }),
  oid: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .meta({ description: "A commit id." }),
  path: z.string().meta({ description: "Path of a file in the record, such as notes/plan.md." }),
};

/** Query parameters by name. */
export const queryParameterDocs: Readonly<Record<string, z.ZodType>> = {
  at: z.string().optional().meta({ description: "A commit id or an ISO 8601 time: the record as it was then." }),
  updatedSince: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: "Only patients changed at or after this time." }),
  patientId: uuid.optional().meta({ description: "Only operations of this patient." }),
  state: z
    .enum(["queued", "committed", "rejected", "parked"])
    .optional()
    .meta({ description: "Only operations in this state." }),
  limit: z.int().min(1).max(100).optional().meta({ description: "Items of a page; 50 unless told." }),
  service: z.literal("git-upload-pack").meta({ description: "The one service of git that is spoken here." }),
  cursor: z.string().optional().meta({ description: "Where the last page ended: its `next`." }),
};

/** Request header fields by name. */
export const headerParameterDocs: Readonly<Record<string, z.ZodType>> = {
  "Idempotency-Key": z
    .string()
    .min(1)
    .max(255)
    .meta({ description: "New for each change, the same for each repeat of it; visible ASCII." }),
  "If-Match": z.string().optional().meta({ description: "The ETag that was read, to replace or delete." }),
  "If-None-Match": z
    .string()
    .optional()
    .meta({ description: "On a PUT `*`, to create. On a GET the ETag that the client has: then 304." }),
  Prefer: z
    .string()
    .optional()
    .meta({
      description: `wait=N (0–${maxWaitS} s) waits for the outcome; respond-async does not; return=representation adds the current content to a 412.`,
    }),
};

/** What each status of a problem means, in one line. */
export const problemStatusDocs: Readonly<Record<number, string>> = {
  400: "The request is not valid; the problem names the field.",
  401: "The token is missing, invalid or expired.",
  403: "The token lacks a scope.",
  404: "There is no such thing, or the caller may not know of it.",
  409: "The record's state or its rules do not allow the change.",
  412: "The precondition does not hold; the problem carries the current ETag.",
  413: "The body is too large.",
  415: "The media type is not supported here.",
  422: "The file is not valid for its place, or the Idempotency-Key was used for another request.",
  428: "A precondition is missing.",
  429: "Too many operations are open for this patient; Retry-After says when to come back.",
  500: "The service failed.",
  503: "The service cannot answer now; Retry-After says when to come back.",
};
