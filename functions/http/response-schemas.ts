import * as z from "zod";
import "zod-openapi";
import { problems, type ProblemCode } from "../../shared/errors.ts";
import { demographicsSchema } from "../../shared/record/demographics-schema.ts";

const uuid = z.uuid();
const commitId = z.string().regex(/^[0-9a-f]{40}$/);
const instant = z.iso.datetime();
const tag = z.string().meta({ description: "An entity tag, quoted as in the header." });
const codes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

/** RFC 9457, with members of our own. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(codes),
    instance: z.string(),
    operationId: uuid.optional(),
    currentEtag: tag.nullable().optional(),
    changedPaths: z.array(z.string()).optional(),
    current: z.string().optional(),
  })
  .meta({ id: "Problem", description: "What went wrong and what to do about it (RFC 9457)." });

export const operationSchema = z
  .strictObject({
    id: uuid,
    patientId: uuid,
    command: z.string(),
    state: z.enum(["queued", "committed", "rejected", "parked"]),
    submittedAt: instant,
    settledAt: instant.nullable(),
    commit: commitId.nullable(),
    resource: z.string().nullable(),
    etag: tag.nullable(),
    problem: problemSchema.nullable(),
    version: z.int(),
  })
  .meta({ id: "Operation", description: "One requested change and its outcome." });

const file = z.strictObject({ path: z.string(), etag: tag, size: z.int() }).meta({ id: "File" });

export const recordSchema = z
  .strictObject({
    id: uuid,
    commit: commitId,
    commits: z.int(),
    updatedAt: instant,
    demographics: demographicsSchema,
    files: z.array(file),
    allowedCommands: z.array(z.string()),
    clone: z.string(),
  })
  .meta({ id: "Record", description: "A patient's record at one commit." });

const summary = z
  .strictObject({
    id: uuid,
    commit: commitId,
    commits: z.int(),
    updatedAt: instant,
    ...demographicsSchema.shape,
  })
  .meta({ id: "PatientSummary" });

const commitShape = {
  commit: commitId,
  parents: z.array(commitId),
  command: z.string().nullable(),
  summary: z.string(),
  author: z.strictObject({ id: z.string().nullable(), name: z.string() }),
  operationId: uuid.nullable(),
  at: instant,
};

const commit = z.strictObject(commitShape).meta({ id: "Commit" });

const change = z
  .strictObject({
    path: z.string(),
    change: z.enum(["added", "modified", "deleted"]),
    etagBefore: tag.nullable(),
    etagAfter: tag.nullable(),
    diff: z.string().nullable().meta({ description: "Unified diff, as git shows it." }),
    omitted: z.enum(["binary", "too-large"]).nullable().meta({ description: "Why there is no diff." }),
  })
  .meta({ id: "Change" });

export const commitWithChangesSchema = z
  .strictObject({ ...commitShape, changes: z.array(change) })
  .meta({ id: "CommitWithChanges", description: "One commit and what it changed." });

const listOf = <T extends z.ZodType>(item: T, id: string) =>
  z.strictObject({ items: z.array(item), next: z.string().optional() }).meta({ id });

export const patientListSchema = listOf(summary, "PatientList");
export const commitListSchema = listOf(commit, "CommitList");
export const operationListSchema = listOf(operationSchema, "OperationList");
export const healthSchema = z.strictObject({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" });
