import { Refusal } from "../../shared/errors.ts";
import { mediaTypeOf } from "../../shared/record/media-types.ts";
import { demographicsReader } from "../demographics-of.ts";
import type { Dependencies } from "../dependencies.ts";
import type { RecordVersion } from "../record-reader.ts";
import { isKnown } from "./entity-tags.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./exchange.ts";
import { readFilePath } from "./file-path.ts";
import { jsonResult, notModified } from "./json-result.ts";
import { noSuchPatient, privateHeaders } from "./problem-result.ts";
import { readAt, readQuery, type PointInHistory } from "./query.ts";
import { recordView } from "./record-views.ts";

export interface RecordRead {
  readonly at: PointInHistory | undefined;
  /** `If-None-Match`. */
  readonly known: string | undefined;
}

export const parseRecordRead = (event: HttpEvent): RecordRead => ({
  at: readAt(readQuery(event, "at")),
  known: event.headers["if-none-match"],
});

const noSuchVersion = (at: PointInHistory): string =>
  "commit" in at ? "This record has no such commit." : "This record did not exist at that time.";

const versionOf = async (
  { records }: Dependencies,
  patientId: string,
  at: PointInHistory | undefined,
): Promise<RecordVersion> => {
  const version = at === undefined ? await records.current(patientId) : await records.at(patientId, at);
  if (version !== undefined) return version;
  // Who comes here may read the patient.
  if (at === undefined || (await records.current(patientId)) === undefined) throw noSuchPatient();
  throw new Refusal("not-found", noSuchVersion(at));
};

/** `GET /v1/patients/{id}`. */
export const getRecord = (deps: Dependencies) => {
  const demographicsOf = demographicsReader();
  return async ({ caller, params, input: { at, known } }: HttpRequest<RecordRead>): Promise<HttpResult> => {
    const version = await versionOf(deps, params["patientId"] ?? "", at);
    if (isKnown(known, version.commit)) return notModified(version.commit);
    const demographics = demographicsOf(version.tree);
    const { baseUrl } = deps.config;
    const view = recordView(version, { demographics, baseUrl, caller, isCurrent: at === undefined });
    return jsonResult(200, view, { etag: `"${version.commit}"` });
  };
};

export const parseFileRead = (event: HttpEvent) => ({ ...parseRecordRead(event), path: readFilePath(event) });

/** `GET …/files/{path}`: the file's own bytes. */
export const getFile = async (
  deps: Dependencies,
  { params, input: { at, known, path } }: HttpRequest<RecordRead & { readonly path: string }>,
): Promise<HttpResult> => {
  const version = await versionOf(deps, params["patientId"] ?? "", at);
  const file = version.tree.file(path);
  if (file === undefined) throw new Refusal("not-found", "There is no such file in the record.");
  if (isKnown(known, file.oid)) return notModified(file.oid);
  const content = await deps.records.content(version, file);
  return {
    statusCode: 200,
    headers: { "content-type": `${mediaTypeOf(path)}; charset=utf-8`, etag: `"${file.oid}"`, ...privateHeaders },
    body: Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("utf8"),
  };
};
