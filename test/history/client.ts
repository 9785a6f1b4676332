import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  headerOf,
  type LoadConnection,
  openConnection,
  type RawReply,
  requestBytes,
} from "../bench/load/connection.ts";
import type { Ledger } from "./ledger.ts";
import { recorded } from "./recorder.ts";

/** A change of one file; `etag` is what it was seen as, null: new. Without content it is a deletion. */
export interface FileChange {
  readonly patient: string;
  readonly path: string;
  readonly etag: string | null;
  readonly content?: string;
}

interface WriteOptions {
  readonly key?: string;
  /** Default: wait=20. */
  readonly prefer?: string;
}

interface ClientOptions {
  readonly url: string;
  readonly token: string;
  readonly number: number;
  readonly ledger: Ledger;
}

const lostPauseMs = 20;

/**
 * A caller with one connection, all of whose requests are in the ledger. When the connection is lost it opens another,
 * and sends the same again with the same key.
 */
export const recordedClient = ({ url, token, number, ledger }: ClientOptions) => {
  const { hostname, port } = new URL(url);
  const authorization = `Bearer ${token}`;
  let seq = 0;
  let connection: Promise<LoadConnection> | undefined;
  const next = () => (seq += 1);
  const open = async () => recorded(await openConnection(hostname, Number(port)), { client: number, ledger, next });
  const ask = async (request: string): Promise<RawReply> => {
    for (;;) {
      try {
        return await (await (connection ??= open())).ask(request);
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause;
        connection = undefined;
        await sleep(lostPauseMs);
      }
    }
  };
  const get = (path: string): Promise<RawReply> => ask(requestBytes({ method: "GET", path }, { authorization }));
  const write = (line: { method: string; path: string }, options: WriteOptions, rest: Written): Promise<RawReply> => {
    const { key = randomUUID(), prefer = "wait=20" } = options;
    return ask(requestBytes(line, { authorization, prefer, "idempotency-key": key, ...rest.headers }, rest.body));
  };
  const json = (path: string, body: unknown, options: WriteOptions) =>
    write({ method: "POST", path }, options, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return {
    create: (id: string, options: WriteOptions = {}) => {
      const person = { name: { family: "Doe", given: ["Sample"] }, birthDate: "1990-04-02", sex: "female" };
      return json("/v1/patients", { id, ...person, identifiers: [] }, options);
    },
    change: ({ patient, path, etag, content }: FileChange, options: WriteOptions = {}) => {
      const guard: Record<string, string> = etag === null ? { "if-none-match": "*" } : { "if-match": `"${etag}"` };
      const type: Record<string, string> = content === undefined ? {} : { "content-type": "text/markdown" };
      const method = content === undefined ? "DELETE" : "PUT";
      const line = { method, path: `/v1/patients/${patient}/files/${path}` };
      return write(line, options, { headers: { ...guard, ...type }, body: content ?? "" });
    },
    changeSet: (patient: string, changes: readonly FileChange[], options: WriteOptions = {}) =>
      json(`/v1/patients/${patient}/changes`, { summary: "Some files", changes: changes.map(inChangeSet) }, options),
    readFile: (patient: string, path: string) => get(`/v1/patients/${patient}/files/${path}`),
    readRecord: (patient: string) => get(`/v1/patients/${patient}`),
    /** Waits until an operation has ended or is parked; its answer. */
    settled: async (operation: string): Promise<RawReply> => {
      for (;;) {
        const reply = await get(`/v1/operations/${operation}`);
        if (reply.status === 200 && bodyOf(reply)["state"] !== "queued") return reply;
        await sleep(lostPauseMs);
      }
    },
    [Symbol.asyncDispose]: async () => (await connection)?.close(),
  };
};

interface Written {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type RecordedClient = ReturnType<typeof recordedClient>;

const inChangeSet = ({ path, etag, content }: FileChange) => {
  const ifMatch = etag === null ? null : `"${etag}"`;
  return content === undefined ? { delete: path, ifMatch } : { put: path, content, ifMatch };
};

export const bodyOf = ({ body }: RawReply): Readonly<Record<string, unknown>> => JSON.parse(body.toString("utf8"));

/** The entity tag of an answer, unquoted; null where there is none. */
export const etagOf = ({ head }: RawReply): string | null => headerOf(head, "etag")?.replaceAll('"', "") ?? null;
