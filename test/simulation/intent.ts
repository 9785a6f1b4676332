import { createHash } from "node:crypto";
import { demographicsYaml } from "../../shared/record/demographics-file.ts";
import { ehrStatusYaml } from "../../shared/record/ehr-status-file.ts";

export const demographicsPath = "demographics/patient.yaml";
export const statusPath = "ehr_status.yaml";

/** One file of a change set: `content` null deletes; `ifMatch` null: it must not exist; absent: not asked. */
export interface IntendedChange {
  readonly path: string;
  readonly content: string | null;
  readonly ifMatch?: string | null;
}

/** What a client wants done, in its own words. */
export type Intent =
  | { readonly kind: "create"; readonly family: string; readonly identifiers: readonly string[] }
  | {
      readonly kind: "demographics";
      readonly content: string;
      readonly identifiers: readonly string[];
      readonly ifMatch: string;
    }
  | { readonly kind: "status"; readonly content: string; readonly isOpen: boolean; readonly ifMatch: string }
  | { readonly kind: "file"; readonly change: IntendedChange }
  | { readonly kind: "changes"; readonly expectedCommit?: string; readonly changes: readonly IntendedChange[] };

/** Git's id of a file with this content. */
export const blobId = (content: string): string => {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
};

export const identifierSystem = "urn:example:mrn";

const demographics = (family: string, identifiers: readonly string[]) => ({
  name: { family, given: ["Sample"] },
  birthDate: "1990-04-02",
  sex: "female" as const,
  identifiers: identifiers.map((value) => ({ system: identifierSystem, value })),
});

/** Body of a create. */
export const createBody = (id: string, { family, identifiers }: Extract<Intent, { kind: "create" }>) => ({
  id,
  ...demographics(family, identifiers),
});

export const demographicsText = (family: string, identifiers: readonly string[]): string =>
  demographicsYaml(demographics(family, identifiers));

export const statusText = (patientId: string, isOpen: boolean): string =>
  ehrStatusYaml(patientId).replace("is_modifiable: true", `is_modifiable: ${isOpen}`);
