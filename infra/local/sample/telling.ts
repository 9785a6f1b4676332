import { createHash } from "node:crypto";

/** One request to the service, the same each time the story is told. */
export interface SampleRequest {
  /** Index of `staff`: whose token it carries. */
  readonly writer: number;
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Content type, preconditions, Idempotency-Key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A story being told: what the record holds by now, so that every request states what it was made from. */
export interface Telling {
  readonly patientId: string;
  readonly files: Map<string, string>;
  readonly requests: SampleRequest[];
}

export const newTelling = (patientId: string): Telling => ({ patientId, files: new Map(), requests: [] });

const gitBlobId = (content: string): string => {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
};

const tagOf = ({ files }: Telling, path: string): string | null => {
  const content = files.get(path);
  return content === undefined ? null : `"${gitBlobId(content)}"`;
};

const preconditionOf = (telling: Telling, path: string): Readonly<Record<string, string>> => {
  const tag = tagOf(telling, path);
  return tag === null ? { "if-none-match": "*" } : { "if-match": tag };
};

const mediaTypes: Readonly<Record<string, string>> = {
  yaml: "application/yaml",
  md: "text/markdown",
  txt: "text/plain",
};

const add = ({ requests }: Telling, request: SampleRequest): void => {
  const { method, path, headers, body } = request;
  // Made from the whole request: should a later version tell another story, its keys are others too.
  const digest = createHash("sha256")
    .update(JSON.stringify([method, path, headers, body]))
    .digest("hex");
  requests.push({ ...request, headers: { ...headers, "idempotency-key": `sample-${digest.slice(0, 32)}` } });
};

/** `POST /v1/patients`; `files` is what the record then holds. */
export const create = (
  telling: Telling,
  writer: number,
  { body, files }: { readonly body: string; readonly files: Readonly<Record<string, string>> },
): void => {
  add(telling, { writer, method: "POST", path: "/v1/patients", headers: { "content-type": "application/json" }, body });
  for (const [path, content] of Object.entries(files)) telling.files.set(path, content);
};

/** `PUT` of one file: new, or made from what it holds. */
export const put = (
  telling: Telling,
  writer: number,
  { path, content }: { readonly path: string; readonly content: string },
): void => {
  const type = mediaTypes[path.slice(path.lastIndexOf(".") + 1)] ?? "text/plain";
  add(telling, {
    writer,
    method: "PUT",
    path: `/v1/patients/${telling.patientId}/files/${path}`,
    headers: { "content-type": type, ...preconditionOf(telling, path) },
    body: content,
  });
  telling.files.set(path, content);
};

/** `DELETE` of one file. */
export const remove = (telling: Telling, writer: number, path: string): void => {
  add(telling, {
    writer,
    method: "DELETE",
    path: `/v1/patients/${telling.patientId}/files/${path}`,
    headers: preconditionOf(telling, path),
    body: "",
  });
  telling.files.delete(path);
};

/** `POST` of a change set. */
export const putAll = (
  telling: Telling,
  writer: number,
  { summary, files }: { readonly summary: string; readonly files: Readonly<Record<string, string>> },
): void => {
  const changes = Object.entries(files).map(([path, content]) => ({
    put: path,
    content,
    ifMatch: tagOf(telling, path),
  }));
  add(telling, {
    writer,
    method: "POST",
    path: `/v1/patients/${telling.patientId}/changes`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ summary, changes }),
  });
  for (const [path, content] of Object.entries(files)) telling.files.set(path, content);
};
