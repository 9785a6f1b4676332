import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCommit, encodeCommit } from "../../shared/git/commit-object.ts";
import { decodeTree, encodeBlob, encodeTree, objectId } from "../../shared/git/objects.ts";
import { aGitRepository } from "../support/stock-git.ts";

const oids = fc.stringMatching(/^[0-9a-f]{40}$/);
const names = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,12}[A-Za-z0-9_-])?$/);
const people = fc.record({
  name: fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,20}[A-Za-z]$/),
  email: fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.invalid$/),
  at: fc.integer({ min: 0, max: 4_000_000_000 }),
});

test("the id of a blob is the one git hash-object prints", () => {
  using repository = aGitRepository();
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (content) => {
      expect(`${encodeBlob(content).oid}\n`).toBe(repository.git(["hash-object", "--stdin"], Buffer.from(content)));
    }),
    { numRuns: 40 },
  );
});

test("the id and order of a tree are those of git mktree, also where a folder's name sorts as if it ended in a slash", () => {
  using repository = aGitRepository();
  const items = fc.uniqueArray(fc.record({ name: names, folder: fc.boolean(), oid: oids }), {
    selector: ({ name }) => name,
    maxLength: 20,
  });
  const examples = [
    ["a", "a-b", "a.b", "a0", "ab"].map((name) => ({ name, folder: name === "a", oid: "1".repeat(40) })),
  ];
  fc.assert(
    fc.property(items, (some) => {
      const tree = encodeTree(some);
      const lines = some.map(({ name, folder, oid }) => `${folder ? "040000 tree" : "100644 blob"} ${oid}\t${name}\n`);
      expect(`${tree.oid}\n`).toBe(repository.git(["mktree", "--missing"], lines.join("")));
      expect(encodeTree(decodeTree(tree.body)).oid).toBe(tree.oid);
    }),
    { numRuns: 40, examples: examples.map((one) => [one]) },
  );
});

test("the id of a commit is the one git commit-tree prints, and its fields come back", () => {
  using repository = aGitRepository();
  const tree = repository.git(["mktree"], "").trim();
  const root = repository.git(["commit-tree", tree, "-m", "root"], "", identity("A", "a@b.invalid", 1)).trim();
  const messages = fc.stringMatching(/^[a-z][a-z ]{0,30}(\n\nOperation-Id: [a-z0-9]{1,9})?\n$/);
  fc.assert(
    fc.property(people, people, messages, fc.boolean(), (author, committer, message, first) => {
      const parents = first ? [] : [root];
      const commit = encodeCommit({ tree, parents, author, committer, message });
      const env = {
        ...identity(author.name, author.email, author.at),
        GIT_COMMITTER_NAME: committer.name,
        GIT_COMMITTER_EMAIL: committer.email,
        GIT_COMMITTER_DATE: `@${committer.at} +0000`,
      };
      const args = ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])];
      expect(`${commit.oid}\n`).toBe(repository.git(args, message, env));
      expect(decodeCommit(commit.oid, commit.body)).toEqual({
        oid: commit.oid,
        tree,
        parents,
        author,
        committer,
        message,
      });
    }),
    { numRuns: 30 },
  );
});

test("a signature goes into gpgsig, covers the commit without it, and comes back", () => {
  const person = { name: "A", email: "a@b.invalid", at: 1 };
  const fields = { tree: "4".repeat(40), parents: [], author: person, committer: person, message: "m\n" };
  let signed = "";
  const commit = encodeCommit(fields, (bytes) => {
    signed = objectId("commit", bytes);
    return "-----BEGIN-----\nline\n-----END-----\n";
  });
  expect(signed).toBe(encodeCommit(fields).oid);
  expect(Buffer.from(commit.body).toString()).toContain("\ngpgsig -----BEGIN-----\n line\n -----END-----\n\nm\n");
  expect(decodeCommit(commit.oid, commit.body).signature).toBe("-----BEGIN-----\nline\n-----END-----");
});

test("control characters and angle brackets cannot forge a header", () => {
  const bad = { name: "A> 1 +0000\ncommitter B <x", email: "a>\nb", at: 1 };
  const tree = "4".repeat(40);
  const { body } = encodeCommit({ tree, parents: [], author: bad, committer: bad, message: "m" });
  expect(Buffer.from(body).toString().split("\n")).toHaveLength(5);
});

test("a commit holds no NUL, which git fsck --strict refuses", () => {
  const person = { name: "A", email: "a@b.invalid", at: 1 };
  const fields = { tree: "4".repeat(40), parents: [], author: person, committer: person };
  expect(encodeCommit({ ...fields, message: "a\0b\n" }).oid).toBe(encodeCommit({ ...fields, message: "ab\n" }).oid);
});

test("a malformed tree or commit is named as damage", () => {
  const { body } = encodeTree([{ name: "a", folder: false, oid: "1".repeat(40) }]);
  expect(() => decodeTree(body.subarray(0, body.length - 1))).toThrow("malformed");
  expect(() => decodeTree(Buffer.from(`120000 a\0${"x".repeat(20)}`))).toThrow("malformed");
  expect(() => decodeCommit("0", Buffer.from("nonsense"))).toThrow("malformed");
});

const identity = (name: string, email: string, at: number): Record<string, string> => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: email,
  GIT_AUTHOR_DATE: `@${at} +0000`,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: email,
  GIT_COMMITTER_DATE: `@${at} +0000`,
});
