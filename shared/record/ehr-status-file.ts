import * as z from "zod";
import type { Refusal } from "../errors.ts";
import type { PatientId } from "../operation.ts";
import { line } from "./demographics-schema.ts";
import { readManagedFile } from "./invalid-record.ts";
import { recordLimits } from "./limits.ts";
import { ehrStatusPath } from "./paths.ts";

/** openEHR RM 1.1.0: PARTY_REF.type and OBJECT_REF.namespace are limited to these. */
const partyTypes = ["PERSON", "ORGANISATION", "GROUP", "AGENT", "ROLE", "PARTY", "ACTOR"] as const;
const namespace = /^[a-zA-Z][a-zA-Z0-9_.:/&?=+-]*$/;
/** ARCHETYPE_ID: originator-model-entity.concept.version. */
const archetypeId = /^[a-zA-Z]\w*-[a-zA-Z]\w*-EHR_STATUS\.[a-zA-Z][\w-]*\.v\d+(?:\.\d+){0,2}$/;

/** `ehr_status.yaml`: openEHR EHR_STATUS, with the id of its EHR and the version of the model beside it. */
const ehrStatusFile = z.strictObject({
  rm_version: z
    .string()
    .max(20)
    .regex(/^\d+\.\d+\.\d+$/, "Invalid input: expected a version such as 1.1.0"),
  ehr_id: z.strictObject({ value: z.guid() }),
  archetype_node_id: z
    .string()
    .max(200)
    .regex(archetypeId, "Invalid input: expected the archetype id of an EHR_STATUS"),
  name: z.strictObject({ value: line(200) }),
  subject: z.strictObject({
    external_ref: z
      .strictObject({
        id: z.strictObject({ value: line(200), scheme: line(100).optional() }),
        namespace: z.string().max(200).regex(namespace, "Invalid input: expected an openEHR namespace"),
        type: z.enum(partyTypes),
      })
      .optional(),
  }),
  is_queryable: z.boolean(),
  is_modifiable: z.boolean(),
});

type EhrStatus = z.infer<typeof ehrStatusFile>;

const rules = { path: ehrStatusPath, schema: ehrStatusFile, maxLength: recordLimits.managedFile };

/** What `ehr_status.yaml` says, or Refusal invalid-record. */
export const readEhrStatus = (text: string): EhrStatus | Refusal => readManagedFile(text, rules);

/** The EHR_STATUS that a record starts with: queryable and modifiable. */
export const ehrStatusYaml = (patientId: PatientId): string => `rm_version: 1.1.0
ehr_id:
  value: ${patientId}
archetype_node_id: openEHR-EHR-EHR_STATUS.generic.v1
name:
  value: EHR status
subject:
  external_ref:
    id:
      value: ${patientId}
    namespace: casenotes
    type: PERSON
is_queryable: true
is_modifiable: true
`;
