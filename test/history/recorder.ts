import { createHash } from "node:crypto";
import { headerOf, type LoadConnection, type RawReply } from "../bench/load/connection.ts";
import type { AskedFile, Ledger, LedgerLine, RouteKind } from "./ledger.ts";

/** Git's id of a blob of these bytes (gitformat-pack: SHA-1 of `blob <size>\0` and the bytes). */
const blobIdOf = (content: string | Uint8Array): string => {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
};

const unquoted = (tag: string | null | undefined): string | null => tag?.replaceAll('"', "") ?? null;

/** Time on the monotonic clock of this process, µs. */
const nowUs = (): number => Math.round(performance.now() * 1_000);

type Asked = Pick<LedgerLine, "route" | "patient" | "files" | "key" | "operation">;

interface Recording {
  readonly client: number;
  readonly ledger: Ledger;
  /** Numbers the requests of this client, over all of its connections. */
  readonly next: () => number;
}

/** A connection whose every request and answer is written down as they were sent, also an answer that never came. */
export const recorded = (connection: LoadConnection, { client, ledger, next }: Recording): LoadConnection => ({
  ...connection,
  ask: async (request) => {
    const asked = askedIn(request.toString());
    const seq = next();
    const start = nowUs();
    try {
      const reply = await connection.ask(request);
      const end = nowUs();
      ledger.add({ client, seq, start, end, ...asked, status: reply.status, ...answeredIn(asked, reply) });
      return reply;
    } catch (cause) {
      const nothing = { status: null, state: null, commit: null, etag: null };
      ledger.add({ client, seq, start, end: null, ...asked, ...nothing });
      throw cause;
    }
  },
});

const filePath = /^\/v1\/patients\/([^/]+)\/files\/(.+)$/;
const changesPath = /^\/v1\/patients\/([^/]+)\/changes$/;
const recordPath = /^\/v1\/patients\/([^/]+)$/;
const operationPath = /^\/v1\/operations\/([^/]+)$/;

const askedIn = (request: string): Asked => {
  const split = request.indexOf("\r\n\r\n");
  const head = request.slice(0, split);
  const body = request.slice(split + 4);
  const [method = "", path = ""] = head.split(" ", 2);
  const key = headerOf(head, "idempotency-key") ?? null;
  const asked = (route: RouteKind, patient: string, files: readonly AskedFile[] = []): Asked => ({
    route,
    patient,
    files,
    key,
    operation: null,
  });
  if (method === "POST" && path === "/v1/patients") return asked("create", String(JSON.parse(body).id));
  const file = filePath.exec(path);
  if (file !== null) {
    const [, patient = "", name = ""] = file;
    if (method === "GET") return asked("read-file", patient, [{ path: name, sent: null }]);
    const sent = method === "DELETE" ? null : blobIdOf(body);
    return asked(method === "DELETE" ? "delete" : "put", patient, [{ path: name, sent, ...baseIn(head) }]);
  }
  const changes = changesPath.exec(path);
  if (changes !== null) return asked("change-set", changes[1]!, changesIn(body));
  const operation = operationPath.exec(path);
  if (operation !== null) return { ...asked("status", ""), operation: operation[1]! };
  const record = recordPath.exec(path);
  if (record === null) throw new Error(`the ledger has no word for ${method} ${path}`);
  return asked("read-record", record[1]!);
};

const baseIn = (head: string): Pick<AskedFile, "base"> => {
  const match = headerOf(head, "if-match");
  if (match !== undefined) return { base: unquoted(match) };
  return headerOf(head, "if-none-match") === "*" ? { base: null } : {};
};

interface Change {
  readonly put?: string;
  readonly content?: string;
  readonly delete?: string;
  readonly ifMatch?: string | null;
}

const changesIn = (body: string): readonly AskedFile[] => {
  const { changes }: { readonly changes: readonly Change[] } = JSON.parse(body);
  return changes.map(({ put, content = "", ifMatch, ...change }) => ({
    path: put ?? change.delete ?? "",
    sent: put === undefined ? null : blobIdOf(content),
    base: ifMatch === undefined ? undefined : unquoted(ifMatch),
  }));
};

type Answered = Pick<LedgerLine, "state" | "commit" | "etag" | "patient" | "operation" | "current" | "got">;

const answeredIn = (asked: Asked, reply: RawReply): Answered => {
  const etag = unquoted(headerOf(reply.head, "etag"));
  const { patient, operation, route } = asked;
  if (route === "read-file" || route === "read-record") {
    const got = route === "read-file" && reply.status === 200 ? { got: blobIdOf(reply.body) } : {};
    return { patient, operation, state: null, commit: route === "read-record" ? etag : null, etag, ...got };
  }
  const body = JSON.parse(reply.body.toString("utf8"));
  if (reply.status < 300) {
    // The header of a status answer tags the operation itself.
    const written = route === "status" ? unquoted(body.etag) : etag;
    return { patient: body.patientId, operation: body.id, state: body.state, commit: body.commit, etag: written };
  }
  const current = reply.status === 412 ? { current: unquoted(body.currentEtag) } : {};
  const refused = { patient, operation: body.operationId ?? operation, commit: null, etag: null, ...current };
  return { ...refused, state: body.operationId === undefined ? null : "rejected" };
};
