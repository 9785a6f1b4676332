import { describe, expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import type { Command } from "../../shared/record/command.ts";
import { allowedCommands, decide, needsHistoryOf, refuseIdentifiers } from "../../shared/record/decide.ts";
import type { Decision, RecordView } from "../../shared/record/decision.ts";
import { demographicsYaml } from "../../shared/record/demographics-file.ts";
import { ehrStatusYaml } from "../../shared/record/ehr-status-file.ts";
import {
  aChangeSet,
  aCommit,
  aContext,
  aDemographics,
  aRecord,
  blobId,
  closedStatus,
  patientId,
} from "../support/a-record.ts";

const note = "# A note\n";
const filesOf = { "notes/a.md": note };
const states: Record<string, RecordView | null> = {
  none: null,
  open: aRecord(filesOf),
  closed: aRecord({ ...filesOf, "ehr_status.yaml": closedStatus }),
};
const demographics = demographicsYaml(aDemographics());
const tagOf = (state: string, path: string): string => states[state]?.tree.file(path)?.oid ?? aCommit("nothing");

const commandsIn = (state: string): Record<Command["type"], Command> => ({
  CreatePatient: { type: "CreatePatient", demographics: aDemographics() },
  UpdateDemographics: { type: "UpdateDemographics", content: demographics, ifMatch: blobId(demographics) },
  SetEhrStatus: { type: "SetEhrStatus", content: ehrStatusYaml(patientId), ifMatch: tagOf(state, "ehr_status.yaml") },
  PutFiles: aChangeSet(),
  DeleteFiles: aChangeSet({ type: "DeleteFiles", changes: [{ delete: "notes/a.md", ifMatch: blobId(note) }] }),
});

const outcomeOf = (result: Decision | Refusal): string => (result instanceof Refusal ? result.code : "committed");
const accepted = (result: Decision | Refusal): Decision => {
  if (result instanceof Refusal) throw result;
  return result;
};
const refused = (result: Decision | Refusal): Refusal => {
  if (result instanceof Refusal) return result;
  throw new Error("was accepted");
};

const everyStateAndCommand = [
  ["none", "CreatePatient", "committed"],
  ["none", "UpdateDemographics", "not-found"],
  ["none", "SetEhrStatus", "not-found"],
  ["none", "PutFiles", "not-found"],
  ["none", "DeleteFiles", "not-found"],
  ["open", "CreatePatient", "patient-exists"],
  ["open", "UpdateDemographics", "committed"],
  ["open", "SetEhrStatus", "committed"],
  ["open", "PutFiles", "committed"],
  ["open", "DeleteFiles", "committed"],
  ["closed", "CreatePatient", "patient-exists"],
  ["closed", "UpdateDemographics", "record-closed"],
  ["closed", "SetEhrStatus", "committed"],
  ["closed", "PutFiles", "record-closed"],
  ["closed", "DeleteFiles", "record-closed"],
] as const;

describe("every command in every state", () => {
  test.for(everyStateAndCommand)("a record that is %s answers %s with %s", ([state, type, outcome]) => {
    expect(outcomeOf(decide(states[state]!, commandsIn(state)[type], aContext()))).toBe(outcome);
  });

  test.for(["open", "closed"] as const)("the commands named as allowed on an %s record are those accepted", (state) => {
    const taken = everyStateAndCommand.filter(([at, , outcome]) => at === state && outcome === "committed");
    expect(allowedCommands(states[state]!.tree).toSorted()).toEqual(taken.map(([, type]) => type).toSorted());
  });

  test("the same arguments give the same decision", () => {
    for (const command of Object.values(commandsIn("open"))) {
      const twice = [decide(states["open"]!, command, aContext()), decide(states["open"]!, command, aContext())];
      expect(twice[0]).toEqual(twice[1]);
    }
  });
});

describe("CreatePatient", () => {
  const created = accepted(decide(null, commandsIn("none").CreatePatient, aContext()));

  test("starts the record with status, demographics and attributes, and claims every identifier", () => {
    expect(created.changes.map(({ path }) => path)).toEqual([
      ".gitattributes",
      "demographics/patient.yaml",
      "ehr_status.yaml",
    ]);
    expect(created.identifiers).toEqual({ claim: aDemographics().identifiers, release: [] });
    expect(created.demographics).toEqual(aDemographics());
    expect(created.target).toEqual({ kind: "record" });
  });

  test("its message names neither the patient nor an identifier", () => {
    expect(created.message).toMatch(/^record:create: Create the record\n\nCommand: CreatePatient\nOperation-Id: /);
    expect(created.message).not.toMatch(/Doe|12345|1990/);
  });

  test("an identifier found taken is refused by its place, without its value", () => {
    const refusal = refuseIdentifiers(created, [{ system: "urn:example:mrn", value: "12345" }])!;
    expect(refusal.code).toBe("identifier-in-use");
    expect(refusal.facts).toEqual({ fields: ["identifiers[0]"] });
    expect(JSON.stringify([refusal.message, refusal.facts])).not.toContain("12345");
  });

  test("an identifier that it does not claim refuses nothing", () => {
    expect(refuseIdentifiers(created, [{ system: "urn:example:mrn", value: "1234" }])).toBeNull();
    expect(refuseIdentifiers(created, [{ system: "urn:example:other", value: "12345" }])).toBeNull();
  });
});

describe("UpdateDemographics", () => {
  const record = aRecord();
  const ifMatch = blobId(demographics);
  const update = (content: string, tag = ifMatch) =>
    decide(record, { type: "UpdateDemographics", content, ifMatch: tag }, aContext());

  test("keeps the client's bytes, comments and layout included", () => {
    const content = `# checked by phone\n${demographics.replace("Doe", "'Doe-Smith'")}`;
    const decision = accepted(update(content));
    expect(decision.changes).toEqual([{ path: "demographics/patient.yaml", content }]);
    expect(decision.demographics?.name.family).toBe("Doe-Smith");
    expect(decision.target).toEqual({ kind: "file", path: "demographics/patient.yaml" });
  });

  test("claims the identifiers that are new and gives up those that are gone", () => {
    const kept = { system: "urn:example:mrn", value: "12345" };
    const added = { system: "urn:example:nhs", value: "9434765919" };
    expect(accepted(update(demographicsYaml(aDemographics({ identifiers: [added] })))).identifiers).toEqual({
      claim: [added],
      release: [kept],
    });
    expect(accepted(update(demographicsYaml(aDemographics({ identifiers: [added, kept] })))).identifiers).toEqual({
      claim: [added],
      release: [],
    });
  });

  test("is refused with the current tag when it was made from an older file", () => {
    const refusal = refused(update(demographics, blobId("older")));
    expect(refusal.code).toBe("precondition-failed");
    expect(refusal.facts).toEqual({ currentEtag: `"${ifMatch}"`, changedPaths: ["demographics/patient.yaml"] });
  });

  test("names the field that is wrong and never its value", () => {
    const refusal = refused(update(demographics.replace("1990-04-02", "2nd of April")));
    expect(refusal.code).toBe("invalid-record");
    expect(refusal.facts).toMatchObject({ errors: [{ field: "birth_date" }] });
    expect(JSON.stringify([refusal.message, refusal.facts])).not.toContain("April");
  });

  test("content equal to the current is still one commit", () => {
    expect(accepted(update(demographics)).changes).toHaveLength(1);
  });
});

const set = (content: string, record = aRecord()) =>
  decide(record, { type: "SetEhrStatus", content, ifMatch: record.tree.file("ehr_status.yaml")!.oid }, aContext());

describe("SetEhrStatus", () => {
  test("closes a record, and opens it again", () => {
    expect(accepted(set(closedStatus)).changes[0]?.content).toBe(closedStatus);
    expect(outcomeOf(set(ehrStatusYaml(patientId), aRecord({ "ehr_status.yaml": closedStatus })))).toBe("committed");
  });

  test("is refused with the current tag when it was made from an older file", () => {
    const command = { type: "SetEhrStatus", content: closedStatus, ifMatch: blobId("older") } as const;
    const refusal = refused(decide(aRecord(), command, aContext()));
    expect(refusal.facts).toEqual({
      currentEtag: `"${blobId(ehrStatusYaml(patientId))}"`,
      changedPaths: ["ehr_status.yaml"],
    });
  });

  test("is refused for the EHR of another patient", () => {
    const other = ehrStatusYaml("2166765a-406a-4552-ac9b-8e141931a3dc");
    expect(refused(set(other)).facts).toMatchObject({ errors: [{ field: "ehr_id.value" }] });
  });

  test.for([
    ["flow style", (yaml: string) => `{"rm_version": "1.1.0", ${yaml}}`, "record-closed"],
    ["FALSE", () => closedStatus.replace("is_modifiable: false", "is_modifiable: FALSE"), "record-closed"],
    ["not queryable", () => ehrStatusYaml(patientId).replace("is_queryable: true", "is_queryable: false"), "committed"],
    ["the word in its name", () => ehrStatusYaml(patientId).replace("EHR status", "a false friend"), "committed"],
  ] as const)("a status written with %s decides whether the record is closed", ([, rewrite, outcome]) => {
    const flow = `"ehr_id": {"value": "${patientId}"}, "archetype_node_id": "openEHR-EHR-EHR_STATUS.generic.v1",
      "name": {"value": "x"}, "subject": {}, "is_queryable": true, "is_modifiable": false`;
    const status = rewrite(flow);
    expect(outcomeOf(set(status))).toBe("committed");
    expect(outcomeOf(decide(aRecord({ "ehr_status.yaml": status }), aChangeSet(), aContext()))).toBe(outcome);
  });
});

describe("the history that a decision needs", () => {
  const current = aCommit("current");

  test.for([
    ["no expectedCommit", aChangeSet(), current, null],
    ["the current commit", aChangeSet({ expectedCommit: current }), current, null],
    ["another commit", aChangeSet({ expectedCommit: aCommit("old") }), current, aCommit("old")],
    ["another commit, without a record", aChangeSet({ expectedCommit: aCommit("old") }), null, null],
    ["another command", commandsIn("open").CreatePatient, current, null],
  ] as const)("is right for %s", ([, command, commit, expected]) => {
    expect(needsHistoryOf(command, commit)).toBe(expected);
  });
});
