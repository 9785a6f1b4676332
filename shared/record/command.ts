import type { Oid } from "../git/oid.ts";
import type { Identifier } from "../head.ts";

/** Demographics as clients send and get them (JSON). */
export interface Demographics {
  readonly name: { readonly family: string; readonly given: readonly string[] };
  /** ISO date. */
  readonly birthDate: string;
  readonly sex: "female" | "male" | "other" | "unknown";
  readonly identifiers: readonly Identifier[];
}

/** One file of a change set. `ifMatch`: unquoted blob id; null: the file must not exist; absent: covered by `expectedCommit`. */
export type PathChange =
  | { readonly put: string; readonly content: string; readonly ifMatch?: Oid | null }
  | { readonly delete: string; readonly ifMatch?: Oid };

/** What an operation asks for; the payload is its JSON. */
export type Command =
  | { readonly type: "CreatePatient"; readonly demographics: Demographics }
  | { readonly type: "UpdateDemographics"; readonly content: string; readonly ifMatch: Oid }
  | { readonly type: "SetEhrStatus"; readonly content: string; readonly ifMatch: Oid }
  | {
      /** PutFiles when at least one put, else DeleteFiles. */
      readonly type: "PutFiles" | "DeleteFiles";
      readonly summary: string;
      readonly expectedCommit?: Oid;
      readonly changes: readonly PathChange[];
      /** What the operation's `resource` is: the one file, or the record. */
      readonly target: "file" | "record";
    };
