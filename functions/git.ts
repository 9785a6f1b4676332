import { gunzipSync } from "node:zlib";
import { Refusal } from "../shared/errors.ts";
import { advertise, answerUploadPack, protocolOf, type CloneSource } from "../shared/git/upload-pack.ts";
import type { PatientId } from "../shared/operation.ts";
import type { Dependencies, Invocation } from "./dependencies.ts";
import type { HttpEvent, HttpRequest, HttpResult } from "./http/exchange.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { noSuchPatient } from "./http/problem-result.ts";
import type { StreamedResult } from "./streamed-result.ts";

/** A request for upload-pack, inflated: 256 wants and 10,000 haves take about 520 KB. */
const maxRequestBytes = 1_000_000;

const requestType = "application/x-git-upload-pack-request";

const headersFor = (type: string): Record<string, string> => ({
  "content-type": `application/x-git-upload-pack-${type}`,
  "cache-control": "no-store",
});

const tooLarge = (cause?: unknown): Refusal =>
  new Refusal(
    "payload-too-large",
    `A git-upload-pack request has at most ${maxRequestBytes} bytes, inflated.`,
    {},
    { cause },
  );

/** Inflates no more than the bound: a few bytes of gzip can stand for gigabytes. */
const inflated = (body: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(body, { maxOutputLength: maxRequestBytes });
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    if (cause.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(cause);
    throw new Refusal("invalid-request", "The body is not valid gzip.", {}, { cause });
  }
};

/** The request's body as Git wrote it. Throws Refusal unsupported-media-type | payload-too-large | invalid-request. */
const requestBody = ({ headers, body = "", isBase64Encoded }: HttpEvent): Uint8Array => {
  if (headers["content-type"] !== requestType) {
    throw new Refusal("unsupported-media-type", `Send the body as ${requestType}.`);
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "gzip" && encoding !== "x-gzip" && encoding !== "identity") {
    throw new Refusal("unsupported-media-type", "Send the body as it is, or as gzip.");
  }
  const sent = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  if (sent.length > maxRequestBytes) throw tooLarge();
  return encoding === "identity" ? sent : inflated(sent);
};

const readOnly = (): never => {
  throw new Refusal(
    "read-only-git",
    "This record is read-only for git, which can clone and fetch it. Change it through the HTTP API, /docs tells how.",
  );
};

/** Only the smart protocol is spoken (gitprotocol-http). */
const askedService = ({ queryStringParameters }: HttpEvent): void => {
  const service = queryStringParameters?.["service"];
  if (service === "git-receive-pack") readOnly();
  if (service !== "git-upload-pack") {
    throw new Refusal("invalid-request", "Ask for info/refs?service=git-upload-pack, as git does.");
  }
};

const sourceOf = ({ engine }: Dependencies, patientId: PatientId): CloneSource => ({
  head: () => engine.heads.read(patientId),
  read: (id, range) => engine.segments.get(patientId, id, range),
});

/** Throws Refusal not-found for a patient without a commit: one that is not created yet looks like one that never was. */
const tipOf = async ({ engine }: Dependencies, patientId: PatientId) => {
  const head = await engine.heads.read(patientId);
  if (head === undefined || head.commit === null) throw noSuchPatient();
  return head.commit;
};

const patientOf = <T>({ params }: HttpRequest<T>): PatientId => params["patientId"] ?? "";

const protocolFor = <T>({ event }: HttpRequest<T>) => protocolOf(event.headers["git-protocol"]);

const listed = (deps: Dependencies) =>
  routeWork(askedService, async (request): Promise<HttpResult> => {
    const tip = await tipOf(deps, patientOf(request));
    const body = Buffer.from(advertise(protocolFor(request), tip)).toString("latin1");
    return { statusCode: 200, headers: headersFor("advertisement"), body };
  });

/** Answers of git-upload-pack are bytes; they wait here, by invocation, while the middlewares see a result without a body. */
type Bodies = WeakMap<Invocation, StreamedResult["body"]>;

const packed = (deps: Dependencies, bodies: Bodies) =>
  routeWork(requestBody, async (request): Promise<HttpResult> => {
    const patientId = patientOf(request);
    await tipOf(deps, patientId);
    const answer = await answerUploadPack(sourceOf(deps, patientId), protocolFor(request), request.input);
    bodies.set(request.invocation, answer);
    return { statusCode: 200, headers: headersFor("result"), body: "" };
  });

/** `Authorization: Basic` carries the token as its password; the user name is free. */
const withBearer = (event: HttpEvent): HttpEvent => {
  const basic = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(event.headers["authorization"] ?? "")?.[1];
  if (basic === undefined) return event;
  const pair = Buffer.from(basic, "base64").toString("latin1");
  const token = pair.slice(pair.indexOf(":") + 1);
  return { ...event, headers: { ...event.headers, authorization: `Bearer ${token}` } };
};

/** git asks its user for a password only where Basic is offered; the bearer challenge stays for everybody else. */
const withBasicOffered = (result: HttpResult): HttpResult => {
  if (result.statusCode !== 401) return result;
  const bearer = result.headers["www-authenticate"] ?? 'Bearer realm="casenotes"';
  return { ...result, headers: { ...result.headers, "www-authenticate": `Basic realm="casenotes", ${bearer}` } };
};

/** Git shows its user a body of text/plain, each line as `remote: …` (show_http_message in its remote-curl.c), and no other. */
const readableByGit = ({ headers }: HttpEvent, result: HttpResult): HttpResult => {
  if (result.headers["content-type"] !== "application/problem+json" || !headers["user-agent"]?.startsWith("git/"))
    return result;
  const { detail }: { readonly detail: string } = JSON.parse(result.body);
  return {
    ...result,
    headers: { ...result.headers, "content-type": "text/plain; charset=utf-8" },
    body: `${detail}\n`,
  };
};

/**
 * Clones and fetches by stock git over smart HTTP, protocols v0 to v2; pushes are refused. What is refused is a text
 * for git and a problem for everybody else. Reads head and footers before the
 * answer starts; the pack itself is read while it is sent.
 */
export const git = (deps: Dependencies) => {
  const bodies: Bodies = new WeakMap();
  const answer = httpFunction(deps, "git", {
    "GET /git/{patientId}.git/info/refs": listed(deps),
    "POST /git/{patientId}.git/git-upload-pack": packed(deps, bodies),
    "POST /git/{patientId}.git/git-receive-pack": routeWork(() => undefined, readOnly),
  });
  return async (event: HttpEvent, invocation: Invocation): Promise<StreamedResult> => {
    const result = await answer(withBearer(event), invocation);
    const body = bodies.get(invocation);
    return body === undefined ? readableByGit(event, withBasicOffered(result)) : { ...result, body };
  };
};
