import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { routes } from "../../functions/routes.ts";
import { bundleAll, entryNames } from "../../infra/aws/bundles.ts";
import { entryList } from "../../infra/aws/function-plans.ts";

const folder = mkdtempSync(join(tmpdir(), "casenotes-bundles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundles = await bundleAll(folder);

/** The most that the JavaScript of one function may have, bytes. */
const mostBytes = 1_000_000;

/** Functions with a route that asks for a token. */
const called: ReadonlySet<string> = new Set([
  ...routes.flatMap(({ function: name, action }) => (action === null ? [] : [name])),
  "git-stream",
]);

test("there is an entry for every function, and one that makes the signing key", () => {
  expect(new Set(entryNames)).toEqual(new Set([...entryList, "signing-key"]));
});

describe.for(entryNames.map((name) => [name] as const))("the bundle of %s", ([name]) => {
  const { inputs, outputs } = bundles.get(name)!;

  test("has no local issuer, no SQLite engine and nothing else of one machine", () => {
    expect(Object.keys(inputs).filter((path) => /infra\/local|sqlite|isomorphic-git/.test(path))).toEqual([]);
    const imported = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported).not.toContain("node:sqlite");
  });

  test("verifies tokens where callers come with them, and only there", () => {
    const used = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
    const verifying = used.some(([path, { bytesInOutput }]) => path.includes("/jose/") && bytesInOutput > 0);
    expect(verifying).toBe(called.has(name));
  });

  test("brings its packages along, and is at most 1 MB", () => {
    const scripts = Object.entries(outputs).filter(([path]) => path.endsWith(".mjs"));
    expect(scripts.reduce((sum, [, { bytes }]) => sum + bytes, 0)).toBeLessThanOrEqual(mostBytes);
    const external = Object.values(outputs).flatMap(({ imports }) => imports.filter((one) => one.external));
    for (const { path } of external) expect(path).toMatch(/^(node:)?[a-z_]+(\/[a-z]+)?$/);
  });
});
