import { Refusal } from "../errors.ts";
import { attributesPath } from "../git/names.ts";
import type { Command } from "./command.ts";
import { authorOf, commitMessage } from "./commit-message.ts";
import type { DecideContext, Decision, RecordView } from "./decision.ts";
import { demographicsYaml } from "./demographics-file.ts";
import { ehrStatusYaml } from "./ehr-status-file.ts";
import { demographicsPath, ehrStatusPath } from "./paths.ts";

/** Keeps every file byte for byte on every system, and hands attachments to Git LFS. */
const gitAttributes = "* -text\nattachments/** filter=lfs diff=lfs merge=lfs -text\n";

/** CreatePatient: the record starts with its status, its demographics and the service's `.gitattributes`. */
export const createPatient = (
  record: RecordView | null,
  { demographics }: Extract<Command, { type: "CreatePatient" }>,
  context: DecideContext,
): Decision | Refusal => {
  const { patientId, operationId, caller } = context;
  if (record !== null) return new Refusal("patient-exists", `Patient ${patientId} exists. Choose another id.`);
  return {
    changes: [
      { path: attributesPath, content: gitAttributes },
      { path: demographicsPath, content: demographicsYaml(demographics) },
      { path: ehrStatusPath, content: ehrStatusYaml(patientId) },
    ],
    message: commitMessage({
      domain: "record",
      action: "create",
      summary: "Create the record",
      command: "CreatePatient",
      operationId,
      caller,
    }),
    author: authorOf(caller),
    target: { kind: "record" },
    identifiers: { claim: demographics.identifiers, release: [] },
    demographics,
  };
};
