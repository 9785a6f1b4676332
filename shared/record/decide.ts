import { Refusal } from "../errors.ts";
import type { Oid } from "../git/oid.ts";
import type { Identifier } from "../head.ts";
import { changeFiles } from "./change-files.ts";
import type { Command } from "./command.ts";
import { createPatient } from "./create-patient.ts";
import type { DecideContext, Decision, RecordView } from "./decision.ts";
import { noRecord } from "./preconditions.ts";
import { isClosed, setEhrStatus } from "./set-ehr-status.ts";
import { sameIdentifier, updateDemographics } from "./update-demographics.ts";
import type { RecordTree } from "./view.ts";

const decideOpen = (
  record: RecordView,
  command: Exclude<Command, { type: "CreatePatient" | "SetEhrStatus" }>,
  context: DecideContext,
): Decision | Refusal => {
  if (isClosed(record.tree)) {
    return new Refusal("record-closed", "is_modifiable is false in ehr_status.yaml: only SetEhrStatus is allowed.");
  }
  return command.type === "UpdateDemographics"
    ? updateDemographics(record, command, context)
    : changeFiles(record, command, context);
};

/**
 * What a command makes of a record (null: there is none yet): one commit, or a refusal. Pure: the same arguments give the same
 * decision, on every retry.
 */
export const decide = (record: RecordView | null, command: Command, context: DecideContext): Decision | Refusal => {
  if (command.type === "CreatePatient") return createPatient(record, command, context);
  if (record === null) return noRecord(context);
  if (command.type === "SetEhrStatus") return setEhrStatus(record, command, context);
  return decideOpen(record, command, context);
};

/** The commit since which `decide` asks for the changed paths; null when it will not ask. */
export const needsHistoryOf = (command: Command, currentCommit: Oid | null): Oid | null => {
  const expected = command.type === "PutFiles" || command.type === "DeleteFiles" ? command.expectedCommit : undefined;
  return expected === undefined || expected === currentCommit || currentCommit === null ? null : expected;
};

/** Refusal identifier-in-use when `decision` claims an identifier that the settle found taken; null when it does not. */
export const refuseIdentifiers = (decision: Decision, taken: readonly Identifier[]): Refusal | null => {
  const { claim } = decision.identifiers;
  if (!claim.some((one) => taken.some((other) => sameIdentifier(one, other)))) return null;
  const fields = (decision.demographics?.identifiers ?? []).flatMap((one, index) =>
    taken.some((other) => sameIdentifier(one, other)) ? [`identifiers[${index}]`] : [],
  );
  return new Refusal("identifier-in-use", `${fields.join(", ")} belongs to another patient.`, { fields });
};

/** The commands that a record takes in its present state, for a caller that may write. */
export const allowedCommands = (tree: RecordTree): readonly Command["type"][] =>
  isClosed(tree) ? ["SetEhrStatus"] : ["UpdateDemographics", "SetEhrStatus", "PutFiles", "DeleteFiles"];
