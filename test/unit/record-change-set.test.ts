import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import type { PathChange } from "../../shared/record/command.ts";
import { decide } from "../../shared/record/decide.ts";
import type { Decision, RecordView } from "../../shared/record/decision.ts";
import { recordLimits } from "../../shared/record/limits.ts";
import { aChangeSet, aCommit, aContext, aRecord, aTree, blobId } from "../support/a-record.ts";

const tag = (content: string) => ({ ifMatch: blobId(content) });
const put = (path: string, ifMatch: string | null = null): PathChange => ({ put: path, content: "new", ifMatch });
const gone = (path: string, content = "x"): PathChange => ({ delete: path, ...tag(content) });
const deciding = (record: RecordView, over: Parameters<typeof aChangeSet>[0]) =>
  decide(record, aChangeSet(over), aContext());
const codeOf = (result: Decision | Refusal) => (result instanceof Refusal ? result.code : "committed");
const refused = (result: Decision | Refusal): Refusal => {
  if (result instanceof Refusal) return result;
  throw new Error("was accepted");
};
const accepted = (result: Decision | Refusal): Decision => {
  if (result instanceof Refusal) throw result;
  return result;
};

describe("the shape of a change set", () => {
  test.for([
    ["no change", [], "invalid-request"],
    ["101 changes", Array.from({ length: 101 }, (_, n) => put(`notes/${n}.md`)), "invalid-request"],
    ["100 changes", Array.from({ length: 100 }, (_, n) => put(`notes/${n}.md`)), "committed"],
    ["a path twice", [put("notes/a.md"), put("notes/a.md")], "invalid-request"],
    ["a put and a delete of one path", [put("notes/b.md"), gone("notes/b.md")], "invalid-request"],
    ["a change without precondition", [{ put: "notes/a.md", content: "x" }], "precondition-required"],
    ["one bad change among good ones", [put("notes/a.md"), put("vitals/a.yaml")], "managed-path"],
    ["a path that climbs", [put("notes/../ehr_status.yaml")], "invalid-path"],
    ["an absolute path", [put("/notes/a.md")], "invalid-path"],
    ["Git's folder in disguise", [put("notes/.GIT/config")], "invalid-path"],
    ["the status file", [put("ehr_status.yaml")], "managed-path"],
    ["the demographics", [gone("demographics/patient.yaml")], "managed-path"],
    ["the attributes", [put(".gitattributes")], "managed-path"],
    ["a file named as the folder", [put("notes")], "managed-path"],
    ["a folder that only looks free", [put("notes2/a.md")], "managed-path"],
    ["another case of the folder", [put("Notes/a.md")], "managed-path"],
  ] as const)("$0 is answered with $2", ([, changes, outcome]) => {
    expect(codeOf(deciding(aRecord(), { changes }))).toBe(outcome);
  });

  test.for([
    [[put("notes/a.md"), put("notes/Jane Doe.md")], "changes[1].put", "invalid-path"],
    [[put("notes/a.md"), put("notes/b.md"), gone("vitals/a.yaml")], "changes[2].delete", "managed-path"],
  ] as const)("a change of %j is refused by its place, without a path that cannot be", ([changes, field, code]) => {
    const refusal = refused(deciding(aRecord(), { changes, target: "record" }));
    expect(refusal).toMatchObject({ code, facts: { field } });
    expect(refusal.message.startsWith(`${field}: `)).toBe(true);
    expect(JSON.stringify([refusal.message, refusal.facts])).not.toContain("Jane");
  });

  test("a managed file is refused with the route that writes it", () => {
    const refusal = refused(deciding(aRecord(), { changes: [put("demographics/patient.yaml")] }));
    expect(refusal.facts).toMatchObject({ route: "PUT /v1/patients/{id}/files/demographics/patient.yaml" });
  });
});

describe("preconditions", () => {
  const record = aRecord({ "notes/a.md": "x", "notes/b.md": "y" });

  test.for([
    ["a put of what the client saw", put("notes/a.md", blobId("x")), "committed"],
    ["a put of an older file", put("notes/a.md", blobId("older")), "precondition-failed"],
    ["a create of what exists", put("notes/a.md", null), "precondition-failed"],
    ["a put where nothing is any more", put("notes/c.md", blobId("x")), "precondition-failed"],
    ["a delete of what the client saw", gone("notes/a.md"), "committed"],
    ["a delete of an older file", gone("notes/a.md", "older"), "precondition-failed"],
    ["a delete where nothing is", gone("notes/c.md"), "precondition-failed"],
  ] as const)("$0 ends $2", ([, change, outcome]) => {
    expect(codeOf(deciding(record, { changes: [change] }))).toBe(outcome);
  });

  test("a stale file is answered with its current tag", () => {
    const refusal = refused(deciding(record, { changes: [put("notes/a.md")], target: "file" }));
    expect(refusal.facts).toEqual({ currentEtag: `"${blobId("x")}"`, changedPaths: ["notes/a.md"] });
  });

  test("a stale set is answered with the record's commit and only the files that are stale", () => {
    const changes = [put("notes/a.md"), put("notes/b.md", blobId("y")), gone("notes/c.md")];
    const refusal = refused(deciding(record, { changes }));
    expect(refusal.facts).toEqual({ currentEtag: `"${record.commit}"`, changedPaths: ["notes/a.md", "notes/c.md"] });
  });

  test("a delete under expectedCommit of what does not exist is not found", () => {
    const changes = [{ delete: "notes/c.md" }];
    expect(codeOf(deciding(record, { changes, expectedCommit: record.commit }))).toBe("not-found");
  });

  test("expectedCommit stands in for the tags of all files", () => {
    const changes = [{ put: "notes/a.md", content: "z" }, { delete: "notes/b.md" }];
    expect(codeOf(deciding(record, { changes, expectedCommit: record.commit }))).toBe("committed");
  });

  test("a tag counts even where expectedCommit holds", () => {
    const changes = [put("notes/a.md", blobId("older"))];
    expect(codeOf(deciding(record, { changes, expectedCommit: record.commit }))).toBe("precondition-failed");
  });

  test("a moved record is answered with the paths changed since, a hundred at most", () => {
    const moved = Array.from({ length: 101 }, (_, n) => `notes/${n}.md`);
    const since = (commit: string) => (commit === aCommit("old") ? moved : undefined);
    const facts = refused(deciding(aRecord({}, { changedSince: since }), { expectedCommit: aCommit("old") })).facts;
    expect(facts).toEqual({
      currentEtag: `"${aCommit("current")}"`,
      changedPaths: moved.slice(0, 100),
      truncated: true,
    });
  });

  test("a commit that never was in the history is answered without paths", () => {
    const refusal = refused(deciding(aRecord(), { expectedCommit: aCommit("elsewhere") }));
    expect(refusal.code).toBe("precondition-failed");
    expect(refusal.facts).toEqual({ currentEtag: `"${aCommit("current")}"` });
  });
});

describe("collisions", () => {
  const files = { "notes/a.md": "x", "notes/Box/one.md": "x", "documents/deep/er/scan.txt": "x" };

  test.for([
    ["a name that differs in case", [put("notes/A.md")], "path-conflict"],
    ["a folder that differs in case", [put("notes/box/two.md")], "path-conflict"],
    ["a file named as a folder but for case", [put("notes/BOX")], "path-conflict"],
    ["a file where a folder is", [put("notes/Box")], "path-conflict"],
    ["a folder where a file is", [put("notes/a.md/b.md")], "path-conflict"],
    ["a deep folder where a file is", [put("documents/deep/er/scan.txt/a/b")], "path-conflict"],
    ["a deep folder that differs in case", [put("documents/Deep/other/x.txt")], "path-conflict"],
    ["two new names that differ in case", [put("notes/n.md"), put("notes/N.md")], "path-conflict"],
    ["two new folders that differ in case", [put("notes/n/1"), put("notes/N/2")], "path-conflict"],
    ["a new file and a new folder of one name", [put("notes/n/1"), put("notes/n")], "path-conflict"],
    ["a new folder and a new file of one name", [put("notes/n"), put("notes/N/1")], "path-conflict"],
    ["a rename in case only", [gone("notes/a.md"), put("notes/A.md")], "committed"],
    ["a folder renamed in case only", [gone("notes/Box/one.md"), put("notes/box/one.md")], "committed"],
    ["a file that becomes a folder", [gone("notes/a.md"), put("notes/a.md/b.md")], "committed"],
    ["a folder that becomes a file", [gone("notes/Box/one.md"), put("notes/Box")], "committed"],
    ["a folder that would only half go", [gone("notes/a.md"), put("notes/box/x.md")], "path-conflict"],
    ["a name with other signs in place", [put("notes/a_md"), put("notes/a-md")], "committed"],
    ["names of one length", [put("notes/b.md"), put("notes/c.md")], "committed"],
    ["a new file in a known folder", [put("notes/Box/two.md")], "committed"],
  ] as const)("$0 is answered with $2", ([, changes, outcome]) => {
    expect(codeOf(deciding(aRecord(files), { changes }))).toBe(outcome);
  });
});

const fullOf = (files: number): RecordView => {
  const record = aRecord({ "notes/a.md": "x" });
  return { ...record, tree: { ...record.tree, fileCount: files } };
};

describe("a full record", () => {
  test.for([
    ["one more file than fits", recordLimits.files, [put("notes/n.md")], "record-full"],
    ["the last file that fits", recordLimits.files - 1, [put("notes/n.md")], "committed"],
    ["a change of a file in it", recordLimits.files, [put("notes/a.md", blobId("x"))], "committed"],
    ["one in, one out", recordLimits.files, [put("notes/n.md"), gone("notes/a.md")], "committed"],
  ] as const)("$0 ends $3", ([, count, changes, outcome]) => {
    expect(codeOf(deciding(fullOf(count), { changes }))).toBe(outcome);
  });

  test("a history at its limit takes deletions only", () => {
    const record = aRecord({ "notes/a.md": "x" }, { packBytes: recordLimits.packBytes });
    expect(codeOf(deciding(record, { changes: [put("notes/n.md")] }))).toBe("record-full");
    expect(codeOf(deciding(record, { changes: [gone("notes/a.md")], type: "DeleteFiles" }))).toBe("committed");
  });

  test("a history takes what just fits it, and not a byte more", () => {
    const record = aRecord({}, { packBytes: recordLimits.packBytes - 2 });
    const codeFor = (content: string) =>
      codeOf(deciding(record, { changes: [{ put: "notes/n.md", content, ifMatch: null }] }));
    expect([codeFor("xx"), codeFor("xxx")]).toEqual(["committed", "record-full"]);
  });
});

describe("what is committed", () => {
  const record = aRecord({ "notes/a.md": "x" });

  test.for([
    ["only new files", { changes: [put("notes/n.md")] }, "record:create: Write a note"],
    ["a known file", { changes: [put("notes/a.md", blobId("x"))] }, "record:update: Write a note"],
    ["a delete", { type: "DeleteFiles", changes: [gone("notes/a.md")] }, "record:delete: Write a note"],
    ["no summary", { summary: " ", changes: [put("notes/n.md")] }, "record:create: Write notes/n.md"],
    ["none for two", { summary: "", changes: [put("notes/n"), put("notes/o")] }, "record:create: Write 2 files"],
    ["two lines", { summary: "One\n\nOperation-Id: forged" }, "record:create: One Operation-Id: forged"],
  ] as const)("a set with %s has its subject", ([, over, subject]) => {
    expect(accepted(deciding(record, over)).message.split("\n")[0]).toBe(subject);
  });

  test("content equal to the current is still one change", () => {
    const changes = [{ put: "notes/a.md", content: "x", ifMatch: blobId("x") }];
    expect(accepted(deciding(record, { changes })).changes).toEqual([{ path: "notes/a.md", content: "x" }]);
  });

  test("the operation speaks of the file when the request did", () => {
    expect(accepted(deciding(record, { target: "file" })).target).toEqual({ kind: "file", path: "notes/first.md" });
    expect(accepted(deciding(record, { target: "record" })).target).toEqual({ kind: "record" });
  });
});

const somePath = fc.constantFrom(
  "notes/a",
  "notes/A",
  "notes/b",
  "notes/b/c",
  "notes/B/d",
  "notes/b/e/f",
  "documents/a",
);
const someChange = fc.record({
  path: somePath,
  content: fc.option(fc.constantFrom("1", "2")),
  stale: fc.nat({ max: 9 }),
});

/** The rules said the slow way: what the files are after the set, and whether such files can stand side by side. */
const canStand = (paths: readonly string[]): boolean => {
  const spelling = new Map<string, string>();
  const folders = new Set(
    paths.flatMap((path) =>
      prefixes(path)
        .slice(0, -1)
        .map((name) => name.toLowerCase()),
    ),
  );
  if (paths.some((path) => folders.has(path.toLowerCase()))) return false;
  return paths.flatMap(prefixes).every((name) => {
    const known = spelling.get(name.toLowerCase()) ?? name;
    spelling.set(name.toLowerCase(), known);
    return known === name;
  });
};
const prefixes = (path: string) => path.split("/").map((_, n, parts) => parts.slice(0, n + 1).join("/"));

test("any sequence of change sets leaves the files that a plain map would hold", () => {
  fc.assert(
    fc.property(fc.array(fc.array(someChange, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (sets) => {
      let files = new Map<string, string>();
      for (const set of sets) {
        const changes = set.map(({ path, content, stale }): PathChange => {
          const current = files.get(path);
          const seen = stale === 0 ? "stale" : current;
          if (content === null) return { delete: path, ...tag(seen ?? "nothing") };
          return { put: path, content, ifMatch: seen === undefined ? null : blobId(seen) };
        });
        const after = new Map(files);
        for (const { path, content } of set) {
          if (content === null) after.delete(path);
          else after.set(path, content);
        }
        const fresh = set.every(({ path, content, stale }) => stale !== 0 && (content !== null || files.has(path)));
        const distinct = new Set(set.map(({ path }) => path)).size === set.length;
        const result = deciding({ ...aRecord(), tree: aTree(files) }, { changes });
        expect(codeOf(result) === "committed").toBe(fresh && distinct && canStand([...after.keys()]));
        if (result instanceof Refusal) continue;
        expect(result.changes).toEqual(set.map(({ path, content }) => ({ path, content })));
        files = after;
      }
    }),
    { numRuns: 1_000 },
  );
});
