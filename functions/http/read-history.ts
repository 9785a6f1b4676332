import { Refusal } from "../../shared/errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { changeViews } from "./change-views.ts";
import { cursorFor, pageResult, readCursor } from "./cursor.ts";
import { isKnown } from "./entity-tags.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./exchange.ts";
import { isOid } from "./ids.ts";
import { jsonResult, notModified } from "./json-result.ts";
import { noSuchPatient } from "./problem-result.ts";
import { readLimit, readQuery } from "./query.ts";
import { commitView } from "./record-views.ts";

const placeOf = ({ pathParameters }: HttpEvent): string => `commits ${pathParameters?.["patientId"] ?? ""}`;

export const parseHistory = (event: HttpEvent) => {
  const query = readQuery(event, "limit", "cursor");
  const after = readCursor(placeOf(event), query["cursor"]);
  return { limit: readLimit(query), before: after === undefined ? undefined : Number(after) };
};

/** `GET …/commits`: newest first. */
export const getHistory = async (
  { records }: Dependencies,
  { event, params, input: { limit, before } }: HttpRequest<ReturnType<typeof parseHistory>>,
): Promise<HttpResult> => {
  const page = await records.log(params["patientId"] ?? "", { limit, ...(before !== undefined && { before }) });
  if (page === undefined) throw noSuchPatient();
  const next = page.next === undefined ? undefined : cursorFor(placeOf(event), String(page.next));
  return pageResult(event, page.items.map(commitView), next);
};

export const parseCommit = (event: HttpEvent) => {
  readQuery(event);
  return { known: event.headers["if-none-match"] };
};

/** `GET …/commits/{oid}`: one commit, with what it changed. */
export const getCommit = async (
  { records }: Dependencies,
  { params, input: { known } }: HttpRequest<ReturnType<typeof parseCommit>>,
): Promise<HttpResult> => {
  const oid = params["oid"] ?? "";
  const found = isOid(oid) ? await records.commit(params["patientId"] ?? "", oid) : undefined;
  if (found === undefined) throw new Refusal("not-found", "There is no such commit in the record.");
  if (isKnown(known, oid)) return notModified(oid);
  const body = { ...commitView(found.commit), changes: await changeViews(records, found) };
  return jsonResult(200, body, { etag: `"${oid}"` });
};
