import { Refusal } from "../../shared/errors.ts";
import type { Instant, OperationState } from "../../shared/operation.ts";
import type { HttpEvent } from "./exchange.ts";
import { isOid, isUuid } from "./ids.ts";

type Query = Readonly<Record<string, string | undefined>>;

const empty: Query = {};
const harmless = /^\w{1,40}$/;

const invalid = (field: string, detail: string): Refusal => new Refusal("invalid-request", detail, { field });

/** The query's parameters. Throws Refusal invalid-request for one that the route does not know. */
export const readQuery = ({ queryStringParameters }: HttpEvent, ...known: readonly string[]): Query => {
  if (queryStringParameters === undefined) return empty;
  for (const name of Object.keys(queryStringParameters)) {
    if (known.includes(name)) continue;
    const named = harmless.test(name) ? `the query parameter ${name}` : "one of the query's parameters";
    throw invalid(
      "query",
      `This route does not know ${named}.${known.length > 0 ? ` It takes ${known.join(", ")}.` : ""}`,
    );
  }
  return queryStringParameters;
};

/** Items of a page: 1–100, 50 unless told. */
export const readLimit = ({ limit }: Query): number => {
  if (limit === undefined) return 50;
  if (/^[0-9]{1,3}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= 100) return Number(limit);
  throw invalid("limit", "limit is a whole number from 1 to 100.");
};

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

const instantOf = (text: string): Instant | undefined => {
  const time = instant.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

/** An ISO 8601 time with a zone, in UTC with milliseconds. */
export const readInstant = (query: Query, name: string): Instant | undefined => {
  const text = query[name];
  if (text === undefined) return undefined;
  const time = instantOf(text);
  if (time === undefined) throw invalid(name, `${name} is an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z.`);
  return time;
};

export type PointInHistory = { readonly commit: string } | { readonly time: Instant };

/** `?at=`: a commit id or a time; undefined: now. */
export const readAt = ({ at }: Query): PointInHistory | undefined => {
  if (at === undefined) return undefined;
  if (isOid(at)) return { commit: at };
  const time = instantOf(at);
  if (time === undefined) throw invalid("at", "at is a commit id or an ISO 8601 time such as 2026-01-31T12:00:00Z.");
  return { time };
};

/** `?patientId=`. */
export const readPatientId = ({ patientId }: Query): string | undefined => {
  if (patientId === undefined || isUuid(patientId)) return patientId;
  throw invalid("patientId", "patientId is a UUID in lower case.");
};

const states: readonly string[] = ["queued", "committed", "rejected", "parked"] satisfies OperationState[];
const isState = (text: string): text is OperationState => states.includes(text);

/** `?state=`. */
export const readState = ({ state }: Query): OperationState | undefined => {
  if (state === undefined || isState(state)) return state;
  throw invalid("state", `state is one of ${states.join(", ")}.`);
};
