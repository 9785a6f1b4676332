import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from "zod-openapi";
import { scopesFor, type Action } from "./access.ts";
import type { Config } from "./config.ts";
import {
  headerParameterDocs,
  pathParameterDocs,
  problemStatusDocs,
  queryParameterDocs,
} from "./http/parameter-docs.ts";
import { problemSchema } from "./http/response-schemas.ts";
import { routeDocs, type RouteDoc } from "./http/route-docs.ts";
import { routes } from "./routes.ts";

/** The contract, from the schemas that validate. */
export const openApi = ({ baseUrl, version }: Pick<Config, "baseUrl" | "version">) => {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const { method, path, action } of routes) {
    const item = (paths[templateOf(path)] ??= {});
    item[method.toLowerCase()] = operationOf(path, action, routeDocs[`${method} ${path}` as keyof typeof routeDocs]);
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Casenotes",
      version,
      summary: "A patient record service in which every record is a Git repository.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: baseUrl }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  });
};

export type OpenApiDocument = ReturnType<typeof openApi>;

/** OpenAPI has no parameter that spans segments: `{path}` stands for one with slashes. */
const templateOf = (path: string): string => path.replace("{proxy+}", "{path}");

const operationOf = (path: string, action: Action | null, doc: RouteDoc): ZodOpenApiOperationObject => {
  const { tag, summary, body, parameters = [] } = doc;
  const names = [...templateOf(path).matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return {
    tags: [tag],
    summary,
    ...(action === null
      ? { security: [] }
      : { description: `Scope: ${scopesFor[action].map((scope) => `\`${scope}\``).join(" or ")}.` }),
    requestParams: {
      path: z.object(pick(pathParameterDocs, names)),
      query: z.object(pick(queryParameterDocs, parameters)),
      header: z.object(pick(headerParameterDocs, parameters)),
    },
    ...(body !== undefined && { requestBody: { required: true, content: contentOf(body) } }),
    responses: responsesOf(doc),
  };
};

const pick = (docs: Readonly<Record<string, z.ZodType>>, names: readonly string[]): Record<string, z.ZodType> =>
  Object.fromEntries(names.flatMap((name) => (docs[name] === undefined ? [] : [[name, docs[name]]])));

const text = { schema: { type: "string" } } as const;
const files = { "application/yaml": text, "text/markdown": text, "text/plain": text };

const contentOf = (body: z.ZodType | "file" | "bytes") => {
  if (body === "file") return files;
  return body === "bytes"
    ? { "application/x-git-upload-pack-request": text }
    : { "application/json": { schema: body } };
};

const successTexts: Readonly<Record<string, string>> = {
  200: "Done.",
  201: "Created.",
  202: "Accepted: follow the operation at Location.",
  304: "Not modified.",
};

const responsesOf = ({ success, problems }: RouteDoc): ZodOpenApiResponsesObject => {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, answer] of Object.entries(success)) {
    responses[status as "200"] = {
      description: successTexts[status] ?? "",
      ...(answer !== null && { content: answerContent(answer) }),
    };
  }
  for (const status of problems) {
    responses[String(status) as "400"] = {
      description: problemStatusDocs[status] ?? "",
      content: { "application/problem+json": { schema: problemSchema } },
    };
  }
  return responses;
};

const answerContent = (answer: z.ZodType | string) => {
  if (typeof answer !== "string") return { "application/json": { schema: answer } };
  return answer === "application/yaml" ? files : { [answer]: text };
};
