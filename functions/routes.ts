import type { Action } from "./access.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** One route; `{name}` stands for one segment, `{proxy+}` for the rest of the path. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  /** The file in this folder that answers. */
  readonly function: string;
  /** What the caller must be allowed to do; null: no token is asked for. */
  readonly action: Action | null;
}

/** Every route of the service, and the function that answers it. */
export const routes = [
  { method: "POST", path: "/v1/patients", function: "submit", action: "write" },
  { method: "GET", path: "/v1/patients", function: "read", action: "read" },
  { method: "POST", path: "/v1/patients/search", function: "read", action: "read" },
  { method: "GET", path: "/v1/patients/{patientId}", function: "read", action: "read" },
  { method: "GET", path: "/v1/patients/{patientId}/files/{proxy+}", function: "read", action: "read" },
  { method: "PUT", path: "/v1/patients/{patientId}/files/{proxy+}", function: "submit", action: "write" },
  { method: "DELETE", path: "/v1/patients/{patientId}/files/{proxy+}", function: "submit", action: "write" },
  { method: "POST", path: "/v1/patients/{patientId}/changes", function: "submit", action: "write" },
  { method: "GET", path: "/v1/patients/{patientId}/commits", function: "read", action: "read" },
  { method: "GET", path: "/v1/patients/{patientId}/commits/{oid}", function: "read", action: "read" },
  { method: "GET", path: "/v1/operations", function: "status", action: "follow" },
  { method: "GET", path: "/v1/operations/{operationId}", function: "status", action: "follow" },
  { method: "POST", path: "/v1/operations/redrive", function: "operate", action: "redrive" },
  { method: "POST", path: "/v1/operations/{operationId}/redrive", function: "operate", action: "redrive" },
  { method: "POST", path: "/v1/operations/{operationId}/dismiss", function: "operate", action: "redrive" },
  { method: "GET", path: "/git/{patientId}.git/info/refs", function: "git", action: "read" },
  { method: "POST", path: "/git/{patientId}.git/git-upload-pack", function: "git", action: "read" },
  { method: "POST", path: "/git/{patientId}.git/git-receive-pack", function: "git", action: "read" },
  { method: "GET", path: "/healthz", function: "health", action: null },
  { method: "GET", path: "/openapi.json", function: "health", action: null },
  { method: "GET", path: "/docs", function: "health", action: null },
  { method: "GET", path: "/.well-known/allowed-signers", function: "health", action: null },
] as const satisfies readonly Route[];

export type FunctionName = (typeof routes)[number]["function"];

type RouteOf<F extends FunctionName> = Extract<(typeof routes)[number], { function: F }>;

type KeyOf<R> = R extends Route ? `${R["method"]} ${R["path"]}` : never;

/** `METHOD path` of each route that a function answers. */
export type RouteKey<F extends FunctionName> = KeyOf<RouteOf<F>>;

const compiled = routes.map((route) => {
  const pattern = route.path
    .replaceAll(".", "\\.")
    .replace("/{proxy+}", "(?:/.*)?")
    .replaceAll(/\{\w+\}/g, "[^/]+");
  return { route, isLiteral: !route.path.includes("{"), pattern: new RegExp(`^${pattern}/?$`) };
});

/** Every route whose path matches; a literal path hides the patterns. */
const matching = (path: string): readonly (typeof routes)[number][] => {
  const found = compiled.filter(({ pattern }) => pattern.test(path));
  const literal = found.filter(({ isLiteral }) => isLiteral);
  return (literal.length > 0 ? literal : found).map(({ route }) => route);
};

/** Methods of a path, as `Allow` lists them; empty when no route has this path. */
export const methodsAt = (path: string): readonly string[] => [
  ...new Set(matching(path).flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]))),
];

/** Files are what most requests are about; their patterns are tried first. */
const byMethod = new Map(
  ["GET", "PUT", "POST", "DELETE"].map((method) => [
    method,
    compiled
      .filter(({ route }) => route.method === method)
      .toSorted((a, b) => Number(b.route.path.endsWith("+}")) - Number(a.route.path.endsWith("+}"))),
  ]),
);

/** The function that answers a request; one of a known path answers 405, and `health` answers 404 for the others. */
export const functionFor = (method: string, path: string): FunctionName => {
  const candidates = byMethod.get(method === "HEAD" ? "GET" : method) ?? [];
  const hit = candidates.find(({ pattern }) => pattern.test(path));
  // A literal path and a pattern with the same method belong to one function, so that the first hit is as good as any.
  return (hit?.route ?? matching(path)[0])?.function ?? "health";
};
