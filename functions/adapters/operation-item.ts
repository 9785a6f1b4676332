import type { Problem } from "../../shared/errors.ts";
import type { Instant, Operation, OperationId, OperationState, Outcome, PatientId } from "../../shared/operation.ts";
import type { OperationQuery } from "../../shared/ports.ts";
import { shardOf } from "./aws-store.ts";

/** An operation as stored. */
export interface OperationItem {
  readonly id: OperationId;
  readonly p: PatientId;
  /** Time of submission and id: unique, in order of time. */
  readonly t: string;
  /** Submitter. */
  readonly b: string;
  /** Shard. */
  readonly s: string;
  /** The patient, while it is queued. */
  readonly q?: PatientId;
  /** The patient, while it is parked. */
  readonly k?: PatientId;
  readonly st: OperationState;
  readonly at: number;
  readonly tr: number;
  readonly v: number;
  /** Command, caller's name and role, request hash. */
  readonly cm: string;
  readonly cn: string;
  readonly cr: string;
  readonly h: string;
  readonly sa?: Instant;
  readonly c?: string;
  readonly rs?: string;
  readonly et?: string;
  readonly pr?: string;
  /** The payload, compressed, while the row is queued or parked: in no index, and removed by what settles the row. */
  readonly z?: Uint8Array;
  /** The payload lies apart, in an item of its own. */
  readonly pa?: true;
}

/** Sort key of everything that is listed by time. */
export const timeKey = (at: Instant, id: string): string => `${at}#${id}`;

/** The time in a sort key. */
export const timeOf = (key: string): Instant => key.slice(0, key.indexOf("#"));

export const submitterKey = ({ issuer, subject }: NonNullable<OperationQuery["submitter"]>): string =>
  JSON.stringify([issuer, subject]);

const submitterOf = (key: string): { readonly issuer: string; readonly subject: string } => {
  const [issuer, subject] = JSON.parse(key) as [string, string];
  return { issuer, subject };
};

export const itemOf = (operation: Operation): OperationItem => {
  const { id, patientId, submittedAt, caller, state, attempt, tries, version } = operation;
  return {
    id,
    p: patientId,
    t: timeKey(submittedAt, id),
    b: submitterKey(caller),
    s: shardOf(id),
    ...(state === "queued" && { q: patientId }),
    ...(state === "parked" && { k: patientId }),
    st: state,
    at: attempt,
    tr: tries,
    v: version,
    cm: operation.command,
    cn: caller.name,
    cr: caller.role,
    h: operation.requestHash,
    ...outcomeFields(operation),
  };
};

/** What an outcome sets; what it leaves out is absent. */
export const outcomeFields = ({
  settledAt,
  commit,
  resource,
  etag,
  problem,
}: Pick<Operation | Outcome, "commit" | "resource" | "etag" | "problem"> & { readonly settledAt: Instant | null }) => ({
  ...(settledAt !== null && { sa: settledAt }),
  ...(commit !== null && { c: commit }),
  ...(resource !== null && { rs: resource }),
  ...(etag !== null && { et: etag }),
  ...(problem !== null && { pr: JSON.stringify(problem) }),
});

export const operationOf = (item: OperationItem): Operation => ({
  id: item.id,
  patientId: item.p,
  command: item.cm,
  caller: { ...submitterOf(item.b), name: item.cn, role: item.cr },
  requestHash: item.h,
  state: item.st,
  attempt: item.at,
  tries: item.tr,
  version: item.v,
  submittedAt: timeOf(item.t),
  settledAt: item.sa ?? null,
  commit: item.c ?? null,
  resource: item.rs ?? null,
  etag: item.et ?? null,
  problem: item.pr === undefined ? null : (JSON.parse(item.pr) as Problem),
});
