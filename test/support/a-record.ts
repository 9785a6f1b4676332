import { createHash } from "node:crypto";
import type { Command, Demographics } from "../../shared/record/command.ts";
import type { DecideContext, RecordView } from "../../shared/record/decision.ts";
import { demographicsYaml } from "../../shared/record/demographics-file.ts";
import { ehrStatusYaml } from "../../shared/record/ehr-status-file.ts";
import type { FileEntry, RecordTree } from "../../shared/record/view.ts";

export const patientId = "1166765a-406a-4552-ac9b-8e141931a3dc";

export const blobId = (content: string): string => {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
};

export const aCommit = (text: string): string => createHash("sha1").update(text).digest("hex");

/** A record's tree over a plain map of path to content. */
export const aTree = (contents: ReadonlyMap<string, string>): RecordTree => {
  const entry = (path: string): FileEntry | undefined => {
    const content = contents.get(path);
    return content === undefined
      ? undefined
      : { path, oid: blobId(content), size: Buffer.byteLength(content), broughtBy: 0 };
  };
  const namesIn = (folder: string): Set<string> => {
    const prefix = folder === "" ? "" : `${folder}/`;
    const inside = [...contents.keys()].filter((path) => path.startsWith(prefix));
    return new Set(inside.map((path) => path.slice(prefix.length).split("/")[0]!));
  };
  return {
    fileCount: contents.size,
    file: entry,
    isFolder: (path) => path !== "" && namesIn(path).size > 0,
    names: namesIn,
    namesLike: (folder, name) => [...namesIn(folder)].filter((other) => other.toLowerCase() === name.toLowerCase()),
    files: () => [...contents.keys()].toSorted().map((path) => entry(path)!),
    pinned: (path) => contents.get(path),
  };
};

export const aDemographics = (over: Partial<Demographics> = {}): Demographics => ({
  name: { family: "Doe", given: ["Sample"] },
  birthDate: "1990-04-02",
  sex: "female",
  identifiers: [{ system: "urn:example:mrn", value: "12345" }],
  ...over,
});

export const closedStatus = ehrStatusYaml(patientId).replace("is_modifiable: true", "is_modifiable: false");

/** A record with the files that a create makes, and these. */
export const aRecord = (files: Record<string, string> = {}, over: Partial<RecordView> = {}): RecordView => ({
  tree: aTree(
    new Map([
      [".gitattributes", "* -text\n"],
      ["demographics/patient.yaml", demographicsYaml(aDemographics())],
      ["ehr_status.yaml", ehrStatusYaml(patientId)],
      ...Object.entries(files),
    ]),
  ),
  commit: aCommit("current"),
  packBytes: 10_000,
  changedSince: () => undefined,
  ...over,
});

export const aContext = (over: Partial<DecideContext> = {}): DecideContext => ({
  patientId,
  operationId: "0d4d2bd4-3c0a-4f3c-9d55-3a5f5d0ac001",
  caller: { issuer: "https://issuer.example", subject: "user-1", name: "A Clinician", role: "clinician" },
  submittedAt: "2026-11-21T09:00:00.000Z",
  now: "2026-11-21T09:00:00.250Z",
  ...over,
});

type ChangeSet = Extract<Command, { type: "PutFiles" | "DeleteFiles" }>;

export const aChangeSet = (over: Partial<ChangeSet> = {}): ChangeSet => ({
  type: "PutFiles",
  summary: "Write a note",
  changes: [{ put: "notes/first.md", content: "# First\n", ifMatch: null }],
  target: "record",
  ...over,
});
