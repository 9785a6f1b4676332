import { stringify } from "yaml";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import type { Demographics } from "./command.ts";
import { identifiers, isoDate, line, personName, sex } from "./demographics-schema.ts";
import { readManagedFile } from "./invalid-record.ts";
import { recordLimits } from "./limits.ts";
import { demographicsPath } from "./paths.ts";

const telecom = z.strictObject({
  system: z.enum(["phone", "email", "sms", "fax", "pager", "url", "other"]),
  value: line(200),
  use: z.enum(["home", "work", "mobile", "temp", "old"]).optional(),
});

const address = z.strictObject({
  use: z.enum(["home", "work", "temp", "old", "billing"]).optional(),
  line: z.array(line(200)).max(5),
  city: line(100).optional(),
  district: line(100).optional(),
  state: line(100).optional(),
  postal_code: line(20).optional(),
  country: line(100).optional(),
});

/** The whole of `demographics/patient.yaml`; the words of telecom and address are those of FHIR R5. */
const patientFile = z.strictObject({
  name: personName,
  birth_date: isoDate,
  sex,
  identifiers,
  telecom: z.array(telecom).max(10).optional(),
  address: z.array(address).max(10).optional(),
  deceased: z.union([z.boolean(), isoDate]).optional(),
});

const rules = { path: demographicsPath, schema: patientFile, maxLength: recordLimits.managedFile };

/** What `demographics/patient.yaml` says of the patient, or Refusal invalid-record. */
export const readDemographics = (text: string): Demographics | Refusal => {
  const file = readManagedFile(text, rules);
  if (file instanceof Refusal) return file;
  return { name: file.name, birthDate: file.birth_date, sex: file.sex, identifiers: file.identifiers };
};

/** A clean `demographics/patient.yaml`. */
export const demographicsYaml = ({ name, birthDate, sex: sexOfPatient, identifiers: list }: Demographics): string =>
  stringify(
    {
      name: { family: name.family, given: name.given },
      birth_date: birthDate,
      sex: sexOfPatient,
      identifiers: list.map(({ system, value }) => ({ system, value })),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
