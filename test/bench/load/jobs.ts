import { randomUUID } from "node:crypto";
import { type Ledger, ledgerTo } from "../../history/ledger.ts";
import { recorded } from "../../history/recorder.ts";
import { closedLoop, type LoadResult } from "./closed-loop.ts";
import { headerOf, requestBytes, type LoadConnection, type RawReply } from "./connection.ts";
import { noteMaker, type NoteMaker } from "./note.ts";

/** A file that a client writes; `etag` unquoted, null while it does not exist. */
export interface TargetFile {
  readonly patientId: string;
  readonly path: string;
  etag: string | null;
}

interface JobBase {
  readonly port: number;
  /** One for each client. */
  readonly tokens: readonly string[];
  readonly clients: number;
  readonly forMs: number;
  /** Rounds in all. */
  readonly requests?: number;
  /** File to which each request and its answer is added. */
  readonly ledger?: string;
}

/** What the driver does: plain values, so that they can be sent to its process. */
export type LoadJob =
  /** Each client replaces its own files in turn and waits for the commit. */
  | (JobBase & { readonly kind: "update"; readonly files: readonly (readonly TargetFile[])[] })
  /** All clients create files of one record, and wait. */
  | (JobBase & { readonly kind: "create"; readonly patientId: string; readonly folder: string })
  /** All clients edit one file; a refused edit is made again on the content that came with the 412. */
  | (JobBase & { readonly kind: "edit"; readonly file: TargetFile })
  | (JobBase & { readonly kind: "read"; readonly paths: readonly string[] })
  /** Makes a record each, of a few files. */
  | (JobBase & { readonly kind: "seed"; readonly patientIds: readonly string[]; readonly files: readonly string[] });

export interface JobResult {
  readonly load: LoadResult;
  /** Every reply by its status; a round may have several. */
  readonly replies: Readonly<Record<number, number>>;
  /** Operations answered 200 or 201, by patient. */
  readonly committed: Readonly<Record<string, readonly string[]>>;
  /** The first replies that were not expected, cut short. */
  readonly oddities: readonly string[];
}

interface Desk {
  readonly job: LoadJob;
  readonly note: NoteMaker;
  readonly replies: Record<number, number>;
  readonly committed: Record<string, string[]>;
  readonly oddities: string[];
}

type Round = (connection: LoadConnection, client: number, turn: number) => Promise<RawReply>;

/** Runs a job to its end. */
export const runJob = async (job: LoadJob): Promise<JobResult> => {
  const desk: Desk = { job, note: noteMaker(), replies: {}, committed: {}, oddities: [] };
  const { port, clients, forMs, requests } = job;
  const ledger = job.ledger === undefined ? undefined : ledgerTo(job.ledger);
  const round = await roundOf(desk);
  const load = await closedLoop({
    host: "127.0.0.1",
    port,
    clients,
    forMs,
    ...(requests === undefined ? {} : { requests }),
    round: ledger === undefined ? round : recordedRound(round, ledger),
  });
  ledger?.flush();
  const { replies, committed, oddities } = desk;
  return { load, replies, committed, oddities };
};

/** A client's requests are numbered by their time, which goes on from job to job, µs. */
const nextNumber = (): number => Math.round(performance.now() * 1_000);

const recordedRound =
  (round: Round, ledger: Ledger): Round =>
  (connection, client, turn) =>
    round(recorded(connection, { client, ledger, next: nextNumber }), client, turn);

const roundOf = async (desk: Desk): Promise<Round> => {
  const { job } = desk;
  if (job.kind === "update") return updateRound(desk, job.files);
  if (job.kind === "create") return createRound(desk, job);
  if (job.kind === "edit") return editRound(desk, job.file);
  if (job.kind === "seed") return seedRound(desk, job);
  return readRound(desk, job.paths);
};

/** Counts a reply and keeps the operation of a committed write. */
const ask = async (desk: Desk, connection: LoadConnection, request: string): Promise<RawReply> => {
  const reply = await connection.ask(request);
  const { status, body } = reply;
  desk.replies[status] = (desk.replies[status] ?? 0) + 1;
  const isWrite = !request.startsWith("GET");
  if (isWrite && (status === 200 || status === 201)) keepOperation(desk, body.toString("latin1"));
  else if (status >= 300 && status !== 412 && desk.oddities.length < 5)
    desk.oddities.push(`${status} ${body.toString("utf8").slice(0, 300)}`);
  return reply;
};

/** Reads the two ids without parsing the rest: `{"id":"…","patientId":"…"`. */
const keepOperation = ({ committed }: Desk, body: string): void => {
  const id = between(body, '"id":"');
  const patientId = between(body, '"patientId":"');
  (committed[patientId] ??= []).push(id);
};

const between = (text: string, start: string): string => {
  const from = text.indexOf(start) + start.length;
  return text.slice(from, text.indexOf('"', from));
};

interface Put {
  readonly client: number;
  readonly content: string;
  readonly representation?: boolean;
}

const putRequest = ({ job }: Desk, { patientId, path, etag }: TargetFile, put: Put): string =>
  requestBytes(
    { method: "PUT", path: `/v1/patients/${patientId}/files/${path}` },
    {
      authorization: `Bearer ${job.tokens[put.client]!}`,
      "content-type": "text/markdown",
      "idempotency-key": randomUUID(),
      prefer: put.representation ? "wait=20, return=representation" : "wait=20",
      ...(etag === null ? { "if-none-match": "*" } : { "if-match": `"${etag}"` }),
    },
    put.content,
  );

const etagOf = ({ head }: RawReply): string | null => headerOf(head, "etag")?.replaceAll('"', "") ?? null;

const updateRound =
  (desk: Desk, files: readonly (readonly TargetFile[])[]): Round =>
  async (connection, client, turn) => {
    const own = files[client]!;
    const file = own[turn % own.length]!;
    const reply = await ask(
      desk,
      connection,
      putRequest(desk, file, { client, content: desk.note(`client ${client}`) }),
    );
    file.etag = etagOf(reply) ?? file.etag;
    return reply;
  };

const createRound =
  (desk: Desk, { patientId, folder }: Extract<LoadJob, { kind: "create" }>): Round =>
  (connection, client, turn) => {
    const path = `${folder}/${client}-${Math.floor(turn / 100)}/${turn}.md`;
    const file: TargetFile = { patientId, path, etag: null };
    return ask(desk, connection, putRequest(desk, file, { client, content: desk.note(`client ${client}`) }));
  };

/** The newest state that a client has seen of the file. */
interface Seen {
  readonly etag: string;
  readonly content: string;
}

const editedLines = 12;

/** Adds a line at the end and drops the oldest, so that the file stays about 1 KB. */
const edited = (content: string, line: string): string =>
  `${[...content.trimEnd().split("\n").slice(-editedLines), line].join("\n")}\n`;

const editRound = async (desk: Desk, file: TargetFile): Promise<Round> => {
  const seen = new Map<number, Seen>();
  return async (connection, client, turn) => {
    let now = seen.get(client) ?? (await currentOf(desk, connection, { file, client }));
    for (let attempt = 1; ; attempt += 1) {
      const line = `client ${client} was here in turn ${turn}, ${"and wrote this down ".repeat(2)}`;
      const content = edited(now.content, line);
      const request = putRequest(desk, { ...file, etag: now.etag }, { client, content, representation: true });
      const reply = await ask(desk, connection, request);
      if (reply.status !== 412) {
        const etag = etagOf(reply);
        if (etag !== null) seen.set(client, { etag, content });
        else seen.delete(client);
        return reply;
      }
      const problem: unknown = JSON.parse(reply.body.toString("utf8"));
      now = seenIn(problem) ?? (await currentOf(desk, connection, { file, client }));
    }
  };
};

const seenIn = (problem: unknown): Seen | undefined => {
  if (typeof problem !== "object" || problem === null) return undefined;
  if (!("current" in problem) || !("currentEtag" in problem)) return undefined;
  return { etag: String(problem.currentEtag).replaceAll('"', ""), content: String(problem.current) };
};

const currentOf = async (
  desk: Desk,
  connection: LoadConnection,
  { file, client }: { readonly file: TargetFile; readonly client: number },
): Promise<Seen> => {
  const path = `/v1/patients/${file.patientId}/files/${file.path}`;
  const reply = await ask(desk, connection, getRequest(path, desk.job.tokens[client]!));
  return { etag: etagOf(reply) ?? "", content: reply.body.toString("utf8") };
};

const getRequest = (path: string, token: string): string =>
  requestBytes({ method: "GET", path }, { authorization: `Bearer ${token}` });

const readRound = (desk: Desk, paths: readonly string[]): Round => {
  let turn = 0;
  return (connection, client) => {
    turn += 1;
    return ask(desk, connection, getRequest(paths[turn % paths.length]!, desk.job.tokens[client]!));
  };
};

const jsonWrite = (token: string, path: string, body: unknown): string =>
  requestBytes(
    { method: "POST", path },
    {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
      prefer: "wait=20",
    },
    JSON.stringify(body),
  );

const seedRound = (desk: Desk, { patientIds, files, tokens }: Extract<LoadJob, { kind: "seed" }>): Round => {
  let next = 0;
  return async (connection, client) => {
    const id = patientIds[next]!;
    next += 1;
    const person = { name: { family: `Doe-${next}`, given: ["Sample"] }, birthDate: "1990-04-02", sex: "female" };
    const token = tokens[client]!;
    await ask(desk, connection, jsonWrite(token, "/v1/patients", { id, ...person, identifiers: [] }));
    const changes = files.map((path) => ({ put: path, content: desk.note(path), ifMatch: null }));
    return ask(desk, connection, jsonWrite(token, `/v1/patients/${id}/changes`, { summary: "First files", changes }));
  };
};
