import { Fault, Refusal } from "../errors.ts";
import type { PatientId } from "../operation.ts";
import type { Command } from "./command.ts";
import { authorOf, commitMessage } from "./commit-message.ts";
import { type DecideContext, type Decision, type RecordView, noIdentifiers } from "./decision.ts";
import { readEhrStatus } from "./ehr-status-file.ts";
import { invalidRecord } from "./invalid-record.ts";
import { ehrStatusPath } from "./paths.ts";
import { staleFile } from "./preconditions.ts";
import type { RecordTree } from "./view.ts";

/** Refusal invalid-record when `content` cannot be the `ehr_status.yaml` of this patient; null when it can. */
export const refuseEhrStatus = (content: string, patientId: PatientId): Refusal | null => {
  const status = readEhrStatus(content);
  if (status instanceof Refusal) return status;
  if (status.ehr_id.value === patientId) return null;
  return invalidRecord(ehrStatusPath, [{ field: "ehr_id.value", problem: "is not the id of the patient" }]);
};

/** SetEhrStatus: the client's bytes as they are; allowed on a closed record too, since it is what opens it again. */
export const setEhrStatus = (
  { tree }: RecordView,
  { content, ifMatch }: Extract<Command, { type: "SetEhrStatus" }>,
  { patientId, operationId, caller }: DecideContext,
): Decision | Refusal => {
  const invalid = refuseEhrStatus(content, patientId);
  if (invalid !== null) return invalid;
  const current = tree.file(ehrStatusPath)?.oid;
  if (current !== ifMatch) return staleFile(ehrStatusPath, current);
  return {
    changes: [{ path: ehrStatusPath, content }],
    message: commitMessage({
      domain: "record",
      action: "update",
      summary: "Set the EHR status",
      command: "SetEhrStatus",
      operationId,
      caller,
    }),
    author: authorOf(caller),
    target: { kind: "file", path: ehrStatusPath },
    identifiers: noIdentifiers,
    demographics: null,
  };
};

/** A plain scalar is the only way to write a boolean, so a text without this word cannot close a record. */
const saysFalse = /false/i;

/** Whether `is_modifiable: false` closes the record to everything but SetEhrStatus. */
export const isClosed = (tree: RecordTree): boolean => {
  const text = tree.pinned(ehrStatusPath);
  if (text === undefined || !saysFalse.test(text)) return false;
  const status = readEhrStatus(text);
  if (status instanceof Refusal) throw new Fault("damaged", "The EHR status of a record is not valid.", status.facts);
  return !status.is_modifiable;
};
