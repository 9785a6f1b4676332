import type { Operation } from "../../shared/operation.ts";
import type { Problem } from "../../shared/errors.ts";

/** An operation's own URL path. */
export const operationPath = (id: string): string => `/v1/operations/${id}`;

/** What a caller sees of an operation. */
export const operationView = (operation: Operation) => ({
  id: operation.id,
  patientId: operation.patientId,
  command: operation.command,
  state: operation.state,
  submittedAt: operation.submittedAt,
  settledAt: operation.settledAt,
  commit: operation.commit,
  resource: operation.resource,
  etag: operation.etag === null ? null : `"${operation.etag}"`,
  problem: operation.problem === null ? null : operationProblem(operation, operation.problem),
  version: operation.version,
});

/** The problem that a rejected operation's caller gets, also when it waited. */
export const operationProblem = ({ id }: Operation, problem: Problem): Problem => ({
  ...problem,
  operationId: id,
  instance: operationPath(id),
});
