import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated name the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a connection brought until it ended or enough had come. */
export interface Conversation {
  readonly answers: readonly WireAnswer[];
  /** Bytes that are no whole answer; empty where the server keeps to HTTP. */
  readonly rest: Buffer;
  readonly closed: boolean;
}

interface Framed {
  readonly body: Buffer;
  readonly end: number;
}

/** A body in chunks (RFC 9112, 7.1); undefined while it is not whole. */
const chunked = (bytes: Buffer, from: number): Framed | undefined => {
  const parts: Buffer[] = [];
  for (let at = from; ;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const end = line + 2 + size + 2;
    if (Number.isNaN(size) || end > bytes.length) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end };
    parts.push(bytes.subarray(line + 2, end - 2));
    at = end;
  }
};

const sized = (bytes: Buffer, from: number, size: number): Framed | undefined =>
  from + size > bytes.length ? undefined : { body: bytes.subarray(from, from + size), end: from + size };

const headersOf = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.replace(/^[^:]*: */, "")]),
  );

/** The first answer in `bytes`, informational ones included, and where it ends; undefined while it is not whole. */
const answerAt = (bytes: Buffer, from: number): (WireAnswer & { readonly end: number }) | undefined => {
  const head = bytes.indexOf("\r\n\r\n", from);
  if (head < 0) return undefined;
  const [line = "", ...fields] = bytes.toString("latin1", from, head).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const headers = headersOf(fields);
  const isEmpty = status < 200 || status === 204 || status === 304;
  const start = head + 4;
  const framed =
    headers["transfer-encoding"] === "chunked"
      ? chunked(bytes, start)
      : sized(bytes, start, isEmpty ? 0 : Number(headers["content-length"] ?? 0));
  return framed === undefined ? undefined : { status, headers, ...framed };
};

/** The answers in what a server sent; `100 Continue` is none. */
const answersIn = (bytes: Buffer): Omit<Conversation, "closed"> => {
  const answers: WireAnswer[] = [];
  let at = 0;
  for (let found = answerAt(bytes, at); found !== undefined; found = answerAt(bytes, at)) {
    const { status, headers, body, end } = found;
    if (status >= 200) answers.push({ status, headers, body });
    at = end;
  }
  return { answers, rest: bytes.subarray(at) };
};

/** Connects to a port of this machine. */
const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
};

/** How a client goes on after its bytes: waits, closes its side, or resets the connection. */
type Ending = "stay" | "half-close" | "reset";

/** What one client says, in the order of its packets, and for how many answers it stays. */
export interface Utterance {
  readonly parts: readonly (string | Uint8Array)[];
  readonly ending?: Ending;
  /** Leaves after so many answers; absent: when the server closes. */
  readonly answers?: number;
}

/** Says it, and listens until the server closes, enough answers came, or nothing more can come. */
export const converse = async (port: number, { parts, ending = "stay", answers }: Utterance): Promise<Conversation> => {
  const socket = await dial(port);
  let bytes: Buffer = Buffer.alloc(0);
  let closed = false;
  const over = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (answers !== undefined && answersIn(bytes).answers.length >= answers) resolve();
    });
    for (const event of ["end", "close"])
      socket.on(event, () => {
        closed = true;
        resolve();
      });
  });
  for (const part of parts) if (!socket.destroyed) await new Promise((sent) => socket.write(part, sent));
  if (ending === "half-close") socket.end();
  if (ending === "reset") socket.resetAndDestroy();
  await over;
  socket.destroy();
  return { ...answersIn(bytes), closed };
};
