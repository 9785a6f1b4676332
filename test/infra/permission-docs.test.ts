import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { permissionTable } from "./permission-table.ts";
import { synthesized } from "./synthesized.ts";

const { templateOf, dispose } = synthesized();
afterAll(dispose);

const file = new URL("../../docs/permissions.md", import.meta.url);

const text = `# What each function may do

Made from the template; \`CASENOTES_WRITE_DOCS=1 npx vitest run --config test/vitest.config.ts test/infra/permission-docs\` writes
it again, and the test fails while it differs. Each function has a role of its own. \`s3:ListBucket\` is there so that S3 says 404,
and not 403, of a segment that was merged away: readers then look at the head again. No function may delete a version of an
object, or a table.

${permissionTable(templateOf("prod", "Storage"), templateOf("prod", "Service"))}
`;

/** Without the padding that the formatter adds. */
const plain = (markdown: string): string =>
  markdown.replaceAll(/ +\|/g, " |").replaceAll(/-{3,}/g, "---").replaceAll("| -", "|-").replaceAll("- |", "-|");

test("docs/permissions.md is what the template says", () => {
  if (process.env["CASENOTES_WRITE_DOCS"] === "1") writeFileSync(file, text);
  expect(plain(readFileSync(file, "utf8"))).toBe(plain(text));
});
