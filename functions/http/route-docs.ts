import type { z } from "zod";
import type { FunctionName, RouteKey } from "../routes.ts";
import { changeSetSchema, createPatientSchema, dismissSchema, redriveSchema, searchSchema } from "./request-schemas.ts";
import {
  commitListSchema,
  commitWithChangesSchema,
  healthSchema,
  operationListSchema,
  operationSchema,
  patientListSchema,
  recordSchema,
} from "./response-schemas.ts";

/** What the contract says of one route, beside its method and path. */
export interface RouteDoc {
  readonly tag: "Records" | "Operations" | "History" | "Git" | "Service";
  readonly summary: string;
  /** Query parameters and header fields, by their names in `parameterDocs`. */
  readonly parameters?: readonly string[];
  readonly body?: z.ZodType | "file" | "bytes";
  /** Schema of the answer's JSON, or its media type. */
  readonly success: Readonly<Record<number, z.ZodType | string | null>>;
  readonly problems: readonly number[];
}

type Documented = FunctionName;

const asked = [400, 401, 403, 404, 500, 503] as const;
const writing = { parameters: ["Idempotency-Key", "Prefer"], success: { 202: operationSchema } } as const;
const door = [...asked, 409, 413, 415, 422, 429] as const;
const guarded = ["Idempotency-Key", "If-Match", "Prefer"] as const;
const fileTypes = "application/yaml";

/** One entry for each route: leaving one out does not compile. */
export const routeDocs: Readonly<Record<RouteKey<Documented>, RouteDoc>> = {
  "POST /v1/patients": {
    tag: "Records",
    summary: "Create a patient's record",
    ...writing,
    body: createPatientSchema,
    success: { ...writing.success, 201: operationSchema },
    problems: door,
  },
  "GET /v1/patients": {
    tag: "Records",
    summary: "List patients by time of change, oldest first",
    parameters: ["updatedSince", "limit", "cursor"],
    success: { 200: patientListSchema },
    problems: [400, 401, 403, 500, 503],
  },
  "POST /v1/patients/search": {
    tag: "Records",
    summary: "Find patients by name, identifier or date of birth",
    parameters: ["limit", "cursor"],
    body: searchSchema,
    success: { 200: patientListSchema },
    problems: [400, 401, 403, 413, 415, 500, 503],
  },
  "GET /v1/patients/{patientId}": {
    tag: "Records",
    summary: "Read a record: version, demographics, files, allowed commands",
    parameters: ["at", "If-None-Match"],
    success: { 200: recordSchema, 304: null },
    problems: asked,
  },
  "GET /v1/patients/{patientId}/files/{proxy+}": {
    tag: "Records",
    summary: "Read a file: the same bytes that were put",
    parameters: ["at", "If-None-Match"],
    success: { 200: fileTypes, 304: null },
    problems: asked,
  },
  "PUT /v1/patients/{patientId}/files/{proxy+}": {
    tag: "Records",
    summary: "Create or replace a file",
    parameters: [...guarded, "If-None-Match"],
    body: "file",
    success: { 200: operationSchema, 201: operationSchema, 202: operationSchema },
    problems: [...door, 412, 428],
  },
  "DELETE /v1/patients/{patientId}/files/{proxy+}": {
    tag: "Records",
    summary: "Delete a file",
    parameters: guarded,
    success: { 200: operationSchema, 202: operationSchema },
    problems: [...asked, 409, 412, 413, 415, 422, 428, 429],
  },
  "POST /v1/patients/{patientId}/changes": {
    tag: "Records",
    summary: "Change several files at once: all or nothing, in one commit",
    ...writing,
    body: changeSetSchema,
    success: { 200: operationSchema, 202: operationSchema },
    problems: [...door, 412, 428],
  },
  "GET /v1/patients/{patientId}/commits": {
    tag: "History",
    summary: "List the record's commits, newest first",
    parameters: ["limit", "cursor"],
    success: { 200: commitListSchema },
    problems: asked,
  },
  "GET /v1/patients/{patientId}/commits/{oid}": {
    tag: "History",
    summary: "Read one commit with the unified diffs of its files",
    parameters: ["If-None-Match"],
    success: { 200: commitWithChangesSchema, 304: null },
    problems: asked,
  },
  "GET /v1/operations": {
    tag: "Operations",
    summary: "List operations, newest first",
    parameters: ["patientId", "state", "limit", "cursor"],
    success: { 200: operationListSchema },
    problems: asked,
  },
  "GET /v1/operations/{operationId}": {
    tag: "Operations",
    summary: "Follow an operation, waiting for its next change if asked",
    parameters: ["Prefer", "If-None-Match"],
    success: { 200: operationSchema, 304: null },
    problems: asked,
  },
  "POST /v1/operations/redrive": {
    tag: "Operations",
    summary: "Queue a patient's parked operations again, in the order of submission",
    body: redriveSchema,
    success: { 200: operationListSchema },
    problems: [...asked, 413, 415],
  },
  "POST /v1/operations/{operationId}/redrive": {
    tag: "Operations",
    summary: "Queue a parked operation again",
    success: { 202: operationSchema },
    problems: [...asked, 409],
  },
  "POST /v1/operations/{operationId}/dismiss": {
    tag: "Operations",
    summary: "End a parked operation, with a reason",
    body: dismissSchema,
    success: { 200: operationSchema },
    problems: [...asked, 409, 413, 415],
  },
  "GET /git/{patientId}.git/info/refs": {
    tag: "Git",
    summary: "Smart HTTP: what a clone or a fetch asks first",
    parameters: ["service"],
    success: { 200: "application/x-git-upload-pack-advertisement" },
    problems: asked,
  },
  "POST /git/{patientId}.git/git-upload-pack": {
    tag: "Git",
    summary: "Smart HTTP: clone and fetch",
    body: "bytes",
    success: { 200: "application/x-git-upload-pack-result" },
    problems: [...asked, 413, 415],
  },
  "POST /git/{patientId}.git/git-receive-pack": {
    tag: "Git",
    summary: "Refused: records are changed through the API",
    body: "bytes",
    success: {},
    problems: [401, 403, 404],
  },
  "GET /healthz": {
    tag: "Service",
    summary: "Whether the service and its store answer, and the version",
    success: { 200: healthSchema },
    problems: [500, 503],
  },
  "GET /openapi.json": {
    tag: "Service",
    summary: "This contract (OpenAPI 3.1)",
    success: { 200: "application/json" },
    problems: [],
  },
  "GET /docs": { tag: "Service", summary: "This contract as a page", success: { 200: "text/html" }, problems: [] },
  "GET /.well-known/allowed-signers": {
    tag: "Service",
    summary: "Allowed-signers file for git verify-commit",
    success: { 200: "text/plain" },
    problems: [],
  },
};
