import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import { checkCapacity, maxFiles, maxPackBytes, packBytes } from "../../shared/git/limits.ts";
import { caseKey, checkPath, isAllowedName } from "../../shared/git/names.ts";

const refusalOf = (work: () => void): Refusal => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error("nothing was refused");
};

const codeOf = (work: () => void): string => {
  try {
    work();
    return "allowed";
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
};

test.for([
  "ehr_status.yaml",
  "demographics/patient.yaml",
  ".gitattributes",
  "notes/2026/a-b_c.d.md",
  "a",
  "0",
  "a_",
  "a-",
  "vitals/2026/11/20261121T121500.000Z-1b4e28ba-2fa1-51d2-883f-0016d3cca427.yaml",
  "1/2/3/4/5/6/7/8",
  "x".repeat(255),
  "console.md",
  "auxiliary",
  "common",
  "com",
  "git-notes.md",
  "gitignore",
  "nulls/x",
])("%s is a path of a record", (path) => {
  expect(codeOf(() => checkPath(path))).toBe("allowed");
});

test.for([
  "",
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "../a",
  "a/../b",
  "a/./b",
  ".hidden",
  "a/.hidden",
  "_a",
  "-a",
  "a.",
  "a/b.",
  "1/2/3/4/5/6/7/8/9",
  "x".repeat(256),
  `${"x".repeat(250)}/abcde`,
  "a b",
  "a\\b",
  "a\0b",
  "a\nb",
  "a\tb",
  "a\u007f",
  "é.md",
  "a\u0301",
  "\u202Egpj.md",
  "C:a",
  "a:b",
  "a*",
  "a?",
  'a"b',
  "a|b",
  "~a",
  ".git",
  ".git/config",
  "a/.git",
  ".GIT",
  ".Git/hooks/x",
  ".git.",
  ".git ",
  ".git...",
  ".g\u200cit",
  ".gi\u200dt",
  ".git\u200b",
  ".\u2060git",
  ".g\ufeffit",
  "git~1",
  "GIT~1",
  "git~2",
  "git",
  "GIT",
  "a/Git",
  ".git::$INDEX_ALLOCATION",
  ".gitmodules",
  ".gitattributes/x",
  "a/.gitattributes",
  ".gitignore",
  "CON",
  "con.md",
  "a/nul",
  "NUL.tar.gz",
  "aux.yaml",
  "prn",
  "com1",
  "COM9.txt",
  "lpt1.md",
  "lpt0",
  "conin",
  "CONOUT.md",
  "com1/x",
])("%j is refused, with the reason", (path) => {
  expect(codeOf(() => checkPath(path))).toBe("invalid-path");
});

test("whatever is allowed is ASCII, short, shallow and no name of Git's or of a device, on any file system", () => {
  const parts = fc.constantFrom(
    "git",
    ".",
    "~1",
    "con",
    "nul",
    "a",
    "/",
    "-",
    "_",
    "\u200c",
    " ",
    ":",
    "A",
    "9",
    "..",
    "é",
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 10 }), (some) => {
      const path = some.join("");
      if (codeOf(() => checkPath(path)) !== "allowed") return;
      expect(path).toMatch(/^[A-Za-z0-9._/-]+$/);
      for (const name of path.split("/")) {
        expect(name).not.toMatch(/^\.|\.$|^git$|^(con|nul)(\.|$)/i);
        expect(isAllowedName(name)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test.for([
  ["notes/con.md", "segment 2 of 2 is the name of a device on Windows"],
  [
    "notes/Jane Doe HIV.md",
    "segment 2 of 2 is not letters, digits, '.', '_' and '-' that start with a letter or digit and do not end with '.'",
  ],
  ["notes//x.md", "segment 2 of 3 is empty (a leading, trailing or doubled slash)"],
  ["git/x.md", "segment 1 of 2 reads as Git's own folder"],
  ["x".repeat(9000), "it is longer than 255 bytes"],
] as const)("the refusal of %j tells the rule and the segment's position", ([path, why]) => {
  expect(refusalOf(() => checkPath(path)).message).toBe(`The path is not allowed: ${why}.`);
});

test("the refusal of a path is the same whatever its segments say", () => {
  const unsafe = fc.stringMatching(/^[a-z]{1,20} [a-z]{1,20}$/);
  fc.assert(
    fc.property(unsafe, unsafe, (a, b) => {
      const [one, other] = [a, b].map((name) => refusalOf(() => checkPath(`notes/${name}.md`)).message);
      expect(one).toBe(other);
    }),
  );
});

test("names that differ only in case have one key", () => {
  expect(caseKey("Notes.MD")).toBe(caseKey("notes.md"));
  expect(caseKey("a.md")).not.toBe(caseKey("b.md"));
});

test("a record is full past its files or its bytes, not at them", () => {
  const pack = { first: 0, snapshot: 9, footer: 9, sealed: true };
  const packs = { a: { ...pack, pack: maxPackBytes - 1 }, b: { ...pack, pack: 1 } };
  expect(codeOf(() => checkCapacity(maxFiles, packBytes(packs)))).toBe("allowed");
  expect(codeOf(() => checkCapacity(maxFiles + 1, 0))).toBe("record-full");
  expect(codeOf(() => checkCapacity(1, packBytes({ ...packs, c: { ...pack, pack: 1 } })))).toBe("record-full");
});
