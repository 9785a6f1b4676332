import type { Summary } from "../../shared/head.ts";
import type { Demographics } from "../../shared/record/command.ts";
import { parseCommitMessage } from "../../shared/record/commit-message.ts";
import { allowedCommands } from "../../shared/record/decide.ts";
import { hasScope } from "../access.ts";
import type { VerifiedCaller } from "../dependencies.ts";
import type { LoggedCommit, RecordVersion } from "../record-reader.ts";

/** A patient in a list or a search. */
export const summaryView = ({ patientId, commit, commits, updatedAt, name, birthDate, sex, identifiers }: Summary) => ({
  id: patientId,
  commit,
  commits,
  updatedAt,
  name: { family: name.family, given: name.given },
  birthDate,
  sex,
  identifiers: identifiers.map(({ system, value }) => ({ system, value })),
});

/** To the millisecond for the current version, as in lists; Git keeps whole seconds of the others. */
const updatedAtOf = ({ commit, head, committedAt }: RecordVersion): string =>
  commit === head.commit && head.updatedAt !== null ? head.updatedAt : committedAt;

/** What a record's view shows beside its version. */
interface RecordContext {
  readonly demographics: Demographics;
  readonly baseUrl: string;
  readonly caller: VerifiedCaller;
  readonly isCurrent: boolean;
}

/** A record: its version, demographics, files, and what this caller may do with it now (`isCurrent`). */
export const recordView = (version: RecordVersion, { demographics, baseUrl, caller, isCurrent }: RecordContext) => ({
  id: version.patientId,
  commit: version.commit,
  commits: version.commits,
  updatedAt: updatedAtOf(version),
  demographics,
  files: Array.from(version.tree.files(), ({ path, oid, size }) => ({ path, etag: `"${oid}"`, size })),
  allowedCommands: isCurrent && hasScope(caller, "write") ? allowedCommands(version.tree) : [],
  clone: `${baseUrl}/git/${version.patientId}.git`,
});

/** One entry of a history. */
export const commitView = ({ oid, parents, message, author }: LoggedCommit) => {
  const { command, summary, trailers } = parseCommitMessage(message);
  return {
    commit: oid,
    parents,
    command: command ?? null,
    summary,
    author: { id: trailers.get("Author-Id") ?? null, name: trailers.get("Author-Name") ?? author.name },
    operationId: trailers.get("Operation-Id") ?? null,
    at: author.at,
  };
};
