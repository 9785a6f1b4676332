import type { SummaryQuery } from "../../shared/ports.ts";
import { normaliseName } from "../../shared/record/normalise-name.ts";
import type { Dependencies } from "../dependencies.ts";
import { cursorFor, pageResult, readCursor } from "./cursor.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./exchange.ts";
import { readJson } from "./json-body.ts";
import { readInstant, readLimit, readQuery } from "./query.ts";
import { summaryView } from "./record-views.ts";
import { searchSchema } from "./request-schemas.ts";

interface PatientList {
  readonly query: SummaryQuery;
  /** What a cursor of this list is bound to. */
  readonly place: string;
}

const listOf = (
  event: HttpEvent,
  filters: Omit<SummaryQuery, "limit" | "after">,
  others: readonly string[],
): PatientList => {
  const query = readQuery(event, ...others, "limit", "cursor");
  const place = `patients ${JSON.stringify(filters)}`;
  const after = readCursor(place, query["cursor"]);
  return { query: { ...filters, limit: readLimit(query), ...(after !== undefined && { after }) }, place };
};

export const parsePatientList = (event: HttpEvent): PatientList => {
  const updatedSince = readInstant(event.queryStringParameters ?? {}, "updatedSince");
  return listOf(event, updatedSince === undefined ? {} : { updatedSince }, ["updatedSince"]);
};

export const parseSearch = (event: HttpEvent): PatientList => {
  const { name, identifier, birthDate } = readJson(event, searchSchema);
  return listOf(
    event,
    {
      ...(name !== undefined && { normalisedFamilyPrefix: normaliseName(name) }),
      ...(identifier !== undefined && { identifier }),
      ...(birthDate !== undefined && { birthDate }),
    },
    [],
  );
};

/** `GET /v1/patients` and `POST /v1/patients/search`: patients that the caller may touch, by time of change. */
export const getPatients = async (
  { engine }: Dependencies,
  { event, caller, input: { query, place } }: HttpRequest<PatientList>,
): Promise<HttpResult> => {
  const mine = caller.patients === null ? query : { ...query, patientIds: [...caller.patients] };
  const page = await engine.summaries.find(mine);
  const next = page.next === undefined ? undefined : cursorFor(place, page.next);
  return pageResult(event, page.items.map(summaryView), next);
};
