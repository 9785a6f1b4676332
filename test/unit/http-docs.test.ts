import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopesFor } from "../../functions/access.ts";
import { maxBodyBytes } from "../../functions/http/body.ts";
import { maxWaitS } from "../../functions/http/prefer.ts";
import { maxJsonDepth } from "../../functions/http/strict-json.ts";
import { roles } from "../../functions/roles.ts";
import { routeDocs } from "../../functions/http/route-docs.ts";
import { routes } from "../../functions/routes.ts";
import { problems } from "../../shared/errors.ts";
import { anHttpEdge, type HttpEdge } from "../support/http-edge.ts";

let edge: HttpEdge;
beforeAll(async () => {
  edge = await anHttpEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const templateOf = (path: string): string => path.replace("{proxy+}", "{path}");

describe("the HTTP reference", () => {
  const reference = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8");
  const lines = reference.split("\n").map((line) => line.replaceAll(/ +/g, " "));
  const rows = lines.filter((line) => line.startsWith("| `"));

  test.for(routes)("lists $method $path with its scope", ({ method, path, action }) => {
    const row = rows.find((line) => line.startsWith(`| \`${method} ${templateOf(path)}\` |`));
    expect(row).toBeDefined();
    expect(row).toContain(action === null ? "| none |" : `| \`${scopesFor[action][0]}\` |`);
  });

  test("names the roles and the limits that the code has", () => {
    for (const role of Object.keys(roles)) expect(reference).toContain(`\`${role}\``);
    expect(reference).toContain(`${maxBodyBytes / 1024} KiB`);
    expect(reference).toContain(`0–${maxWaitS} s`);
    expect(reference).toContain(`${maxJsonDepth} levels`);
  });
});

interface Contract {
  readonly openapi: string;
  readonly paths: Record<
    string,
    Record<string, { readonly summary: string; readonly responses: Record<string, { content?: object }> }>
  >;
  readonly components: { readonly schemas: Record<string, { properties?: { code?: { enum: string[] } } }> };
}

const contract = async (): Promise<Contract> => (await edge.call("GET", "/openapi.json")).json;

describe("the contract", () => {
  test("is OpenAPI 3.1 and has every route, each with a summary and its answers", async () => {
    const { openapi, paths } = await contract();
    expect(openapi).toBe("3.1.0");
    for (const { method, path } of routes) {
      const operation = paths[templateOf(path)]![method.toLowerCase()]!;
      expect(operation.summary.length).toBeGreaterThan(5);
      const { success, problems: refusals } = routeDocs[`${method} ${path}` as keyof typeof routeDocs];
      expect(new Set(Object.keys(operation.responses))).toEqual(
        new Set([...Object.keys(success), ...refusals.map(String)]),
      );
    }
    const listed = Object.values(paths).flatMap((item) => Object.keys(item));
    expect(listed).toHaveLength(routes.length);
  });

  test("names every schema that it points to, and every problem code", async () => {
    const document = await contract();
    const schemas = Object.keys(document.components.schemas);
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(schemas).toContain(name);
    expect(document.components.schemas["Problem"]!.properties!.code!.enum).toEqual(Object.keys(problems));
  });
});

describe("the page", () => {
  test("loads nothing, runs nothing, and is held to that by its policy", async () => {
    const { status, headers, text } = await edge.call("GET", "/docs");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(text).not.toMatch(
      /<script|<iframe|<object|<embed|<img|<link|<form|\son\w+=|javascript:|@import|url\(|style="/i,
    );
    const targets = [...text.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, target]) => target!);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !target.startsWith("#"))).toEqual(["/openapi.json"]);
    const style = /<style>([^]*)<\/style>/.exec(text)![1]!;
    expect(headers["content-security-policy"]).toBe(
      `default-src 'none'; style-src 'sha256-${hash("sha256", style, "base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  test("shows every route, and every link in it leads somewhere", async () => {
    const { text } = await edge.call("GET", "/docs");
    for (const { path } of routes) expect(text).toContain(`<code class="path">${templateOf(path)}</code>`);
    const ids = new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
    for (const [, target] of text.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  });
});

test("the allowed-signers file is one line that names a key", async () => {
  const { status, text } = await edge.call("GET", "/.well-known/allowed-signers");
  expect(status).toBe(200);
  expect(text).toMatch(/^\S+ .*ssh-ed25519 [A-Za-z0-9+/=]+.*\n$/);
});

test("health says the version", async () => {
  expect(await edge.call("GET", "/healthz")).toMatchObject({
    status: 200,
    json: { status: "ok", version: "0.0.0-test" },
  });
});
