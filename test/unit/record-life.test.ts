import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import type { Identifier } from "../../shared/head.ts";
import type { Command } from "../../shared/record/command.ts";
import { decide } from "../../shared/record/decide.ts";
import { demographicsYaml, readDemographics } from "../../shared/record/demographics-file.ts";
import { ehrStatusYaml } from "../../shared/record/ehr-status-file.ts";
import { parseCommitMessage } from "../../shared/record/commit-message.ts";
import {
  aChangeSet,
  aContext,
  aDemographics,
  aRecord,
  aTree,
  blobId,
  closedStatus,
  patientId,
} from "../support/a-record.ts";

const someIdentifiers = fc.uniqueArray(fc.constantFrom("1", "2", "3", "4"), { maxLength: 3 });
const someStep = fc.record({
  type: fc.constantFrom("CreatePatient", "UpdateDemographics", "SetEhrStatus", "PutFiles", "DeleteFiles"),
  identifiers: someIdentifiers,
  closed: fc.boolean(),
  content: fc.constantFrom("1", "2"),
  stale: fc.nat({ max: 5 }),
});
type Step = typeof someStep extends fc.Arbitrary<infer T> ? T : never;

const identifiersOf = (values: readonly string[]): readonly Identifier[] =>
  values.map((value) => ({ system: "urn:example:mrn", value }));
const withIdentifiers = (values: readonly string[]) => aDemographics({ identifiers: identifiersOf(values) });

/** The command of a step, made from the files that its client saw: the current ones, unless it is stale. */
const commandOf = (step: Step, files: ReadonlyMap<string, string>): Command => {
  const seen = (path: string) => blobId(step.stale === 0 ? "stale" : (files.get(path) ?? "nothing"));
  const note = "notes/a.md";
  switch (step.type) {
    case "CreatePatient":
      return { type: step.type, demographics: withIdentifiers(step.identifiers) };
    case "UpdateDemographics": {
      const content = demographicsYaml(withIdentifiers(step.identifiers));
      return { type: step.type, content, ifMatch: seen("demographics/patient.yaml") };
    }
    case "SetEhrStatus": {
      const content = step.closed ? closedStatus : ehrStatusYaml(patientId);
      return { type: step.type, content, ifMatch: seen("ehr_status.yaml") };
    }
    case "PutFiles": {
      const ifMatch = files.has(note) || step.stale === 0 ? seen(note) : null;
      return aChangeSet({ changes: [{ put: note, content: step.content, ifMatch }] });
    }
    case "DeleteFiles":
      return aChangeSet({ type: step.type, changes: [{ delete: note, ifMatch: seen(note) }] });
  }
};

/** What the rules say of a step, told from the state alone. */
const expected = (step: Step, files: ReadonlyMap<string, string>): string => {
  if (step.type === "CreatePatient") return files.size > 0 ? "patient-exists" : "committed";
  if (files.size === 0) return "not-found";
  if (step.type !== "SetEhrStatus" && files.get("ehr_status.yaml") === closedStatus) return "record-closed";
  const isMissing = step.type === "DeleteFiles" && !files.has("notes/a.md");
  return step.stale === 0 || isMissing ? "precondition-failed" : "committed";
};

test("through any sequence of commands the files are a map's and the claimed identifiers are the file's", () => {
  fc.assert(
    fc.property(fc.array(someStep, { maxLength: 25 }), (steps) => {
      const files = new Map<string, string>();
      const claimed = new Set<string>();
      for (const step of steps) {
        const record = files.size === 0 ? null : { ...aRecord(), tree: aTree(files) };
        const result = decide(record, commandOf(step, files), aContext());
        expect(result instanceof Refusal ? result.code : "committed").toBe(expected(step, files));
        if (result instanceof Refusal) continue;
        expect(parseCommitMessage(result.message).command).toBe(step.type);
        for (const { path, content } of result.changes) {
          if (content === null) files.delete(path);
          else files.set(path, content);
        }
        for (const { value } of result.identifiers.release) expect(claimed.delete(value)).toBe(true);
        for (const { value } of result.identifiers.claim) expect(claimed.has(value)).toBe(false);
        for (const { value } of result.identifiers.claim) claimed.add(value);
        const now = readDemographics(files.get("demographics/patient.yaml")!);
        if (now instanceof Refusal) throw now;
        expect(claimed).toEqual(new Set(now.identifiers.map(({ value }) => value)));
        expect(result.demographics ?? now).toEqual(now);
      }
    }),
    { numRuns: 300 },
  );
});
