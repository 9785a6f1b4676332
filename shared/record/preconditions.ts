import { Refusal } from "../errors.ts";
import type { Oid } from "../git/oid.ts";
import type { DecideContext, RecordView } from "./decision.ts";
import { recordLimits } from "./limits.ts";

/** An entity tag as headers and JSON show it. */
const quoted = (oid: Oid): string => `"${oid}"`;

const listed = (paths: readonly string[]) => ({
  changedPaths: paths.slice(0, recordLimits.listedPaths),
  ...(paths.length > recordLimits.listedPaths ? { truncated: true } : {}),
});

/** Refusal precondition-failed for one file: its tag is not the one that the client saw. */
export const staleFile = (path: string, current: Oid | undefined): Refusal =>
  new Refusal(
    "precondition-failed",
    current === undefined ? "The file does not exist (any more)." : "The file was changed, or exists already.",
    { currentEtag: current === undefined ? null : quoted(current), ...listed([path]) },
  );

/** Refusal precondition-failed for a change set: these of its files are not as the client saw them. */
export const staleFiles = (paths: readonly string[], commit: Oid): Refusal =>
  new Refusal("precondition-failed", "Some files of the change set are not as ifMatch says.", {
    currentEtag: quoted(commit),
    ...listed(paths),
  });

/** Refusal precondition-failed where `expected` is not the record's commit; null when it is. */
export const staleCommit = (record: RecordView, expected: Oid): Refusal | null => {
  if (expected === record.commit) return null;
  const paths = record.changedSince(expected);
  const facts = { currentEtag: quoted(record.commit), ...(paths === undefined ? {} : listed(paths)) };
  return paths === undefined
    ? new Refusal("precondition-failed", "expectedCommit is not in the history of the record.", facts)
    : new Refusal("precondition-failed", "The record has changed since expectedCommit.", facts);
};

export const noRecord = ({ patientId }: Pick<DecideContext, "patientId">): Refusal =>
  new Refusal("not-found", `There is no patient ${patientId}.`);
