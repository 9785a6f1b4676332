import type { WireAnswer, WireRequest } from "./hostile-edge.ts";

/** The part of JSON Schema that the contract uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
}

export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** One operation of the OpenAPI document. */
export interface Declared {
  readonly method: string;
  readonly path: string;
  /** Request paths that belong to it. */
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  /** Schemas of the body by media type; empty where it takes none. */
  readonly body: Content;
  /** Media types of the answer by status. */
  readonly answers: ReadonlyMap<number, readonly string[]>;
}

export interface Contract {
  readonly operations: readonly Declared[];
  /** Codes a problem may have. */
  readonly codes: ReadonlySet<string>;
}

interface OperationObject {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface OpenApiText {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const patternOf = (path: string): RegExp => {
  const escaped = path.replaceAll(".", "\\.").replace("/{path}", "(?:/.*)?");
  return new RegExp(`^${escaped.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`);
};

/** Reads what a service serves at /openapi.json. */
export const readContract = (text: string): Contract => {
  const { paths, components }: OpenApiText = JSON.parse(text);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      pattern: patternOf(path),
      parameters,
      body: requestBody?.content ?? {},
      answers: new Map(
        Object.entries(responses).map(([status, { content = {} }]) => [Number(status), Object.keys(content)]),
      ),
    })),
  );
  return { operations, codes: new Set(components.schemas["Problem"]?.properties?.["code"]?.enum as string[]) };
};

const pathOf = (target: string): string => target.replace(/^https?:\/\/[^/]*/, "").split("?")[0] ?? "";

/** What the document says of a request's path: its operations, whatever their method. */
const declaredFor = ({ operations }: Contract, { target }: WireRequest): readonly Declared[] =>
  operations.filter(({ pattern }) => pattern.test(pathOf(target)));

const mediaType = ({ headers }: WireAnswer): string => (headers["content-type"] ?? "").split(";")[0] ?? "";

/** Why a problem is not one that the document describes; undefined when it is. */
const faultOfProblem = ({ codes }: Contract, answer: WireAnswer): string | undefined => {
  if (mediaType(answer) !== "application/problem+json") return `is a ${mediaType(answer)}, not a problem`;
  const problem = JSON.parse(answer.body.toString("utf8"));
  if (problem.status !== answer.status) return `says status ${problem.status} in its body`;
  if (!codes.has(problem.code)) return `has the unknown code ${problem.code}`;
  if (!/^(?:urn:uuid:|\/v1\/operations\/)[0-9a-f-]{36}$/.test(problem.instance)) return "has no instance";
  return typeof problem.detail === "string" && problem.detail.length > 10 ? undefined : "says nothing";
};

const faultOfStatus = (contract: Contract, request: WireRequest, { status, headers }: WireAnswer) => {
  const there = declaredFor(contract, request);
  // A target that is neither a path nor a URL is no HTTP: the parser refuses it before there is a route.
  if (there.length === 0)
    return status === 404 || (status === 400 && !request.target.startsWith("/")) ? undefined : "is not a 404";
  const method = request.method === "HEAD" ? "GET" : request.method;
  const asked = there.filter((declared) => declared.method === method);
  if (asked.length > 0) return asked.some(({ answers }) => answers.has(status)) ? undefined : "is not declared";
  if (status !== 405) return "is not the 405 of a method that the path does not take";
  const literal = there.filter(({ path }) => !path.includes("{"));
  const allowed = (literal.length > 0 ? literal : there).map((declared) => declared.method);
  return allowed.every((one) => headers["allow"]?.includes(one)) ? undefined : "allows something else";
};

/** Why an answer is none that the document allows for the request; undefined when it is. */
export const faultOf = (contract: Contract, request: WireRequest, answer: WireAnswer): string | undefined => {
  if (answer.status >= 500) return "is the service's failure";
  if (!/^[0-9a-f-]{36}$/.test(answer.headers["x-request-id"] ?? "")) return "has no request id";
  const fault = faultOfStatus(contract, request, answer);
  if (fault !== undefined) return fault;
  if (answer.status >= 400) return faultOfProblem(contract, answer);
  if (answer.status === 304) return answer.body.length === 0 ? undefined : "has a body";
  const types = declaredFor(contract, request).flatMap(({ answers }) => answers.get(answer.status) ?? []);
  if (!types.includes(mediaType(answer))) return `is a ${mediaType(answer)}, which is not declared`;
  if (mediaType(answer) === "application/json") JSON.parse(answer.body.toString("utf8"));
  return undefined;
};
