import type { Operation, OperationId } from "../../shared/operation.ts";
import { authorOf, parseCommitMessage } from "../../shared/record/commit-message.ts";
import { writePathDefaults } from "../config.ts";
import type { Notebook } from "./finding.ts";
import type { TrackedFiles, Visitor, WalkedCommit } from "./walk-history.ts";

/** A request's SHA-256 in hex. */
const requestHashPattern = /^[0-9a-f]{64}$/;
/** Two machines stamp a row, and their clocks may differ by this much. */
const clockSkewMs = 1_000;

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/**
 * What any row can be seen to be wrong in by itself. An attempt changes the row at most twice, by its end and by the
 * redrive after it, and a dismissal once more: so its version lies between `attempt` and `2 × attempt + 1`.
 */
const ownDifference = (row: Operation): string | undefined => {
  const { attempt, tries, version, submittedAt, settledAt } = row;
  if (!requestHashPattern.test(row.requestHash)) return "its request hash is no SHA-256";
  if (settledAt !== null && Date.parse(settledAt) + clockSkewMs < Date.parse(submittedAt)) {
    return "it was settled before it was submitted";
  }
  const isCounted =
    isWithin(attempt, 1, Number.MAX_SAFE_INTEGER) &&
    isWithin(tries, 0, writePathDefaults.parkAtTries) &&
    isWithin(version, attempt, 2 * attempt + 1);
  return isCounted ? undefined : "a counter is out of range";
};

/** Why the row of a committed operation is not what its commit says; undefined when it is. */
const rowDifference = (row: Operation, commit: WalkedCommit, command: string | undefined): string | undefined => {
  const { name, email } = authorOf(row.caller);
  const own = ownDifference(row);
  if (own !== undefined) return own;
  if (row.command !== command) return "it has another command than its commit";
  if (commit.author.name !== name || commit.author.email !== email) return "its caller is not the commit's author";
  if (commit.author.timestamp !== Math.floor(Date.parse(row.submittedAt) / 1_000)) {
    return "its time of submission is not the commit's author time";
  }
  return row.settledAt === null || row.problem !== null
    ? "it has a problem or lacks a time, though committed"
    : undefined;
};

/** `resource` and `etag` name what the commit wrote: the record, or one file of it. */
const resourceDifference = (row: Operation, { oid }: WalkedCommit, files: TrackedFiles): string | undefined => {
  const record = `/v1/patients/${row.patientId}`;
  if (row.resource === record) return row.etag === oid ? undefined : "its entity tag is not its commit";
  if (row.resource === null || !row.resource.startsWith(`${record}/files/`))
    return "its resource is not of its patient";
  const file = files.get(row.resource.slice(`${record}/files/`.length));
  return (file?.oid ?? null) === row.etag ? undefined : "its entity tag is not the file that its commit wrote";
};

/** What a row that made no commit can be seen to be wrong in. */
const openDifference = (row: Operation): string | undefined => {
  const { state, commit, problem, settledAt } = row;
  if (commit !== null) return "it names a commit, though it is not committed";
  if (state === "rejected" && (problem === null || settledAt === null))
    return "it lacks the reason or time of a refusal";
  if (state !== "rejected" && settledAt !== null) return "it has a time of settling, though it is open";
  return ownDifference(row);
};

/** Every commit is exactly one committed operation, and the other way round. */
export const operationsVisitor = (rows: readonly Operation[], notes: Notebook): { visit: Visitor; rest(): void } => {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const seen = new Set<OperationId>();
  const checkRow = (row: Operation, commit: WalkedCommit, why: string | undefined): void => {
    const where = `operation ${row.id}`;
    if (row.state !== "committed") {
      notes.add("operation-state-wrong", where, `It is ${row.state}, but commit ${commit.oid} is its doing.`);
    } else if (row.commit !== commit.oid) {
      notes.add("operation-commit-mismatch", where, `Its row names another commit than ${commit.oid}.`);
    } else if (why !== undefined) notes.add("operation-row-wrong", where, `Its row is wrong: ${why}.`);
  };
  return {
    visit: (commit, files) => {
      const { trailers, command } = parseCommitMessage(commit.message);
      const id = trailers.get("Operation-Id");
      const row = id === undefined ? undefined : byId.get(id);
      if (id === undefined || row === undefined) {
        const detail = id === undefined ? "It names no operation." : `There is no row of its operation ${id}.`;
        notes.add("commit-without-operation", `commit ${commit.oid}`, detail);
        return;
      }
      if (seen.has(id)) notes.add("operation-twice", `operation ${id}`, `Commit ${commit.oid} is not its first.`);
      seen.add(id);
      checkRow(row, commit, rowDifference(row, commit, command) ?? resourceDifference(row, commit, files));
    },
    rest: () => {
      for (const row of rows) {
        const where = `operation ${row.id}`;
        if (row.state === "committed") {
          if (!seen.has(row.id))
            notes.add("operation-without-commit", where, "It is committed, but no commit is its doing.");
          continue;
        }
        const why = openDifference(row);
        if (why !== undefined && !seen.has(row.id))
          notes.add("operation-row-wrong", where, `Its row is wrong: ${why}.`);
      }
    },
  };
};
