import * as fc from "fast-check";
import { namesLike } from "../../shared/git/names-like.ts";
import { emptyFolder } from "../../shared/git/tree-node.ts";
import { expect, test } from "vitest";
import { applyChanges, emptyTree } from "../../shared/git/record-tree.ts";
import type { FileChange } from "../../shared/record/view.ts";

/** Short names of few letters in both cases, so that many are alike; `b/x` makes a folder. */
const name = fc.stringMatching(/^[aAbB0][aAbB0.-]{0,2}[aAbB0]$/);
const path = fc.oneof(
  name,
  name.map((folder) => `${folder}/x`),
);

const treeOf = (paths: readonly string[]) => {
  const folders = new Set(paths.filter((one) => one.includes("/")).map((one) => one.split("/")[0]!));
  const possible = paths.filter((one) => !folders.has(one));
  const changes = possible.map((one): FileChange => ({ path: one, content: "x" }));
  return applyChanges(emptyTree, changes, { number: 0, store: () => 0 });
};

test("names that are equal but for case are found among any others, files and folders alike", () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 40 }), name, (paths, wanted) => {
      const tree = treeOf(paths);
      const alike = [...tree.names("")].filter((one) => one.toLowerCase() === wanted.toLowerCase());
      expect([...tree.namesLike("", wanted)].toSorted()).toEqual(alike.toSorted());
    }),
    { numRuns: 500 },
  );
});

test("names are found in the folder that is asked for, and nowhere else", () => {
  const tree = treeOf(["notes/Plan.md", "plan.md", "notes/plan.md.d/x"]);
  expect([...tree.namesLike("notes", "PLAN.MD")]).toEqual(["Plan.md"]);
  expect([...tree.namesLike("notes", "plan")]).toEqual([]);
  expect([...tree.namesLike("notes", "plan.md.D")]).toEqual(["plan.md.d"]);
  expect([...tree.namesLike("none", "plan.md")]).toEqual([]);
});

test("a name among 20,000 is found by looking at some hundred, not at each", () => {
  let looks = 0;
  const counted = treeOf(Array.from({ length: 20_000 }, (_, n) => `note-${n}.md`)).root.nodes.map((node) =>
    Object.defineProperty({ ...node }, "key", { get: () => ((looks += 1), node.key) }),
  );
  expect(namesLike({ ...emptyFolder, nodes: counted }, "NOTE-12345.md")).toEqual(["note-12345.md"]);
  expect(looks).toBeLessThan(1_000);
});
