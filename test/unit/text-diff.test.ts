import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { textDiff } from "../../shared/git/text-diff.ts";
import type { DiffSide } from "../../shared/git/text-diff.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "casenotes-text-diff-"));
  execFileSync("git", ["init", "-q", folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

// Comparing is given up after a time, which a machine that stands still takes for any two texts.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const side = (text: string | Uint8Array): DiffSide => {
  const content = Buffer.from(text);
  const oid = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
  return { oid, content };
};

/** What `git apply` makes of `before` with our diff. */
const applied = (before: string | undefined, diff: string): string | undefined => {
  const file = join(folder, "note.md");
  rmSync(file, { force: true });
  if (before !== undefined) writeFileSync(file, before);
  const input = diff;
  execFileSync("git", ["apply", "--whitespace=nowarn", "-"], { cwd: folder, input, stdio: "pipe" });
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
};

const aText = fc
  .array(fc.constantFrom("a", "b", "c", "é", "", "d\r", "-- x"), { maxLength: 30 })
  .chain((lines) => fc.constantFrom(lines.join("\n"), lines.map((line) => `${line}\n`).join("")));

test("git apply makes the new text from the old one and our diff", () => {
  fc.assert(
    fc.property(aText, aText, (before, after) => {
      fc.pre(before !== after);
      expect(applied(before, textDiff("note.md", side(before), side(after)).text)).toBe(after);
    }),
    { numRuns: 60 },
  );
});

test("a change reads as git diff prints it", () => {
  const before = "one\ntwo\nthree\nfour\nfive\nsix\n";
  const after = "one\ntwo\nthree\nfour\n5\nsix";
  const { text } = textDiff("notes/a.md", side(before), side(after));
  writeFileSync(join(folder, "x"), before);
  writeFileSync(join(folder, "y"), after);
  const args = ["-c", "diff.noprefix=false", "diff", "--no-index", "--no-color", "x", "y"];
  let printed = "";
  try {
    execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  } catch (error) {
    // --no-index ends with 1 when the files differ.
    printed = (error as { stdout: string }).stdout;
  }
  expect(text.split("\n").slice(1)).toEqual(
    printed
      .replace("a/x", "a/notes/a.md")
      .replace("b/y", "b/notes/a.md")
      .split("\n")
      .slice(1)
      .map((line) =>
        line
          .replace("--- a/x", "--- a/notes/a.md")
          .replace("+++ b/y", "+++ b/notes/a.md")
          .replace(/^(@@ .* @@).*/, "$1"),
      ),
  );
  expect(text.split("\n")[0]).toBe("diff --git a/notes/a.md b/notes/a.md");
});

test("a new and a deleted file are shown against /dev/null and apply", () => {
  const created = textDiff("note.md", undefined, side("one\n"));
  expect(created.text).toContain(
    "new file mode 100644\nindex 0000000..5626abf\n--- /dev/null\n+++ b/note.md\n@@ -0,0 +1 @@",
  );
  expect(applied(undefined, created.text)).toBe("one\n");
  const deleted = textDiff("note.md", side("one\n"), undefined);
  expect(deleted.text).toContain(
    "deleted file mode 100644\nindex 5626abf..0000000\n--- a/note.md\n+++ /dev/null\n@@ -1 +0,0 @@",
  );
  expect(applied("one\n", deleted.text)).toBeUndefined();
});

test("an empty new file has headers only, and equal texts have no hunk", () => {
  expect(textDiff("note.md", undefined, side("")).text.split("\n")).toHaveLength(4);
  expect(textDiff("note.md", side("a\n"), side("a\n"))).toMatchObject({ omitted: null });
});

test.for([
  ["a NUL", Buffer.from("a\0b"), "binary"],
  ["bytes that are not UTF-8", Buffer.from([0xc3, 0x28]), "binary"],
  ["more than 1 MiB", Buffer.alloc(1024 * 1024 + 1, "a\n"), "too-large"],
] as const)("%s is named, not compared", ([, content, omitted]) => {
  const diff = textDiff("note.md", undefined, side(content));
  expect(diff.omitted).toBe(omitted);
  expect(diff.text.split("\n")).toHaveLength(5);
});

const manyLines = (prefix: string): DiffSide =>
  side(Array.from({ length: 40_000 }, (_, i) => `${prefix}${i}\n`).join(""));

test("texts with nothing in common are given up within the bound, not after minutes", () => {
  vi.useRealTimers();
  expect(textDiff("note.md", manyLines("a"), manyLines("b")).omitted).toBe("too-large");
});
