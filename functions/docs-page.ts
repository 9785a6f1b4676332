import { hash } from "node:crypto";
import type { Contract, Operation, Schema } from "./docs/document.ts";
import { anchor, escaped, prose } from "./docs/html.ts";
import { operationHtml } from "./docs/operation-html.ts";
import { propertiesHtml } from "./docs/schema-html.ts";
import { style } from "./docs/style.ts";
import type { OpenApiDocument } from "./openapi.ts";

/** Nothing is loaded and nothing runs: the one style sheet is named by its hash. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${hash("sha256", style, "base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The contract as one HTML page without scripts, and the policy to send with it. */
export const docsPage = (
  document: OpenApiDocument,
): { readonly html: string; readonly contentSecurityPolicy: string } => {
  const contract: Contract = JSON.parse(JSON.stringify(document));
  const sections = sectionsOf(contract);
  const links = [...sections.keys(), "Schemas"].map((name) => `<a href="#${anchor(name)}">${escaped(name)}</a>`);
  const { title, version, summary = "" } = contract.info;
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}: HTTP reference</title>` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><style>${style}</style></head>` +
    `<body><header><h1>${escaped(title)} <small>${escaped(version)}</small></h1><p class="lead">${prose(summary)}</p>` +
    `<p>Base URL <code>${escaped(contract.servers?.[0]?.url ?? "")}</code> · the same as <a href="/openapi.json">OpenAPI 3.1</a></p>` +
    `<p class="lead">${prose(conventions)}</p><nav>${links.join("")}</nav></header><main>` +
    `${[...sections].map(([name, parts]) => sectionHtml(name, parts)).join("")}${schemasHtml(contract.components.schemas)}` +
    "<footer>Rendered by the service from its own contract; this page loads nothing else.</footer></main></body></html>\n";
  return { html, contentSecurityPolicy };
};

const conventions =
  "Every request but the open ones carries `Authorization: Bearer <token>`. Every write carries an `Idempotency-Key`; " +
  "a write is answered `202` with its operation, or with the outcome when `Prefer: wait=N` leaves it time. " +
  "Errors are `application/problem+json` and say what to do.";

const sectionsOf = ({ paths }: Contract): ReadonlyMap<string, readonly string[]> => {
  const sections = new Map<string, string[]>();
  for (const [path, item] of Object.entries(paths))
    for (const [method, operation] of Object.entries(item))
      addTo(sections, operation, operationHtml(method, path, operation));
  return sections;
};

const addTo = (sections: Map<string, string[]>, { tags = [] }: Operation, html: string): void => {
  const [tag = "Other"] = tags;
  const parts = sections.get(tag) ?? [];
  parts.push(html);
  sections.set(tag, parts);
};

const sectionHtml = (name: string, parts: readonly string[]): string =>
  `<section><h2 id="${anchor(name)}">${escaped(name)}</h2>${parts.join("")}</section>`;

const schemasHtml = (schemas: Readonly<Record<string, Schema>>): string => {
  const parts = Object.entries(schemas).map(
    ([name, schema]) =>
      `<details id="schema-${anchor(name)}"><summary><code class="path">${escaped(name)}</code> ` +
      `<span class="what">${prose(schema.description ?? "")}</span></summary><div class="body">${propertiesHtml(schema)}</div></details>`,
  );
  return sectionHtml("Schemas", parts);
};
