import { readFileSync, writeFileSync } from "node:fs";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll, expect, test } from "vitest";
import { grantsOf, nameOf, withoutGrant, type PolicyTemplate } from "./grants.ts";
import { permissionPage, plainPage } from "./permission-table.ts";
import { synthesized } from "./synthesized.ts";

const { templateOf, dispose } = synthesized();
afterAll(dispose);

const file = new URL("../../docs/permissions.md", import.meta.url);
const storage = templateOf("prod", "Storage");
const service = templateOf("prod", "Service");

test("docs/permissions.md is what the template says", () => {
  const page = permissionPage(storage, service);
  if (process.env["CASENOTES_WRITE_DOCS"] === "1") writeFileSync(file, page);
  expect(plainPage(readFileSync(file, "utf8"))).toBe(plainPage(page));
});

test("docs/permissions.md is another page without any single grant of the service", () => {
  const template = service.toJSON() as PolicyTemplate;
  const page = permissionPage(storage, service);
  const grants = grantsOf(template);
  expect(grants.length).toBeGreaterThan(150);
  const unnoticed = grants.filter(
    (grant) => permissionPage(storage, Template.fromJSON(withoutGrant(template, grant))) === page,
  );
  expect(unnoticed.map(nameOf)).toEqual([]);
});
