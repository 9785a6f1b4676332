import { connect } from "node:net";

/** One HTTP/1.1 answer, as little parsed as a load driver can get away with. */
export interface RawReply {
  readonly status: number;
  /** Status line and header lines, latin1. */
  readonly head: string;
  readonly body: Buffer;
}

/** A keep-alive connection with one request under way at a time. */
export interface LoadConnection {
  /** Sends a complete request; rejects when the connection ends first, or has ended. */
  ask(request: string | Buffer): Promise<RawReply>;
  close(): void;
}

interface Waiter {
  readonly resolve: (reply: RawReply) => void;
  readonly reject: (cause: Error) => void;
}

/** Opens a connection; `noDelay`, so that a request leaves at once. */
export const openConnection = (host: string, port: number): Promise<LoadConnection> =>
  new Promise((opened, failed) => {
    let waiter: Waiter | undefined;
    let pending: Buffer | undefined;
    let ended: Error | undefined;
    const socket = connect({ host, port, noDelay: true });
    const lost = (cause: Error) => {
      ended ??= cause;
      failed(cause);
      waiter?.reject(cause);
      waiter = undefined;
    };
    socket.on("data", (chunk: Buffer) => {
      pending = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
      const reply = parseReply(pending);
      if (reply === undefined || waiter === undefined) return;
      pending = undefined;
      const { resolve } = waiter;
      waiter = undefined;
      resolve(reply);
    });
    socket.on("error", lost);
    socket.on("close", () => lost(new Error("the connection was closed")));
    socket.on("connect", () =>
      opened({
        ask: (request) =>
          new Promise((resolve, reject) => {
            // Nobody would ever hear of a write to a socket that has closed.
            if (ended !== undefined) return reject(ended);
            waiter = { resolve, reject };
            socket.write(request);
          }),
        close: () => socket.destroy(),
      }),
    );
  });

/** Undefined while the answer is not complete. Knows Content-Length and chunked; no answer comes without either. */
const parseReply = (bytes: Buffer): RawReply | undefined => {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  const length = headerOf(head, "content-length");
  if (length !== undefined) {
    const all = start + Number(length);
    return bytes.byteLength < all ? undefined : { status, head, body: bytes.subarray(start, all) };
  }
  if (headerOf(head, "transfer-encoding") === undefined) return { status, head, body: bytes.subarray(start, start) };
  const body = unchunked(bytes.subarray(start));
  return body === undefined ? undefined : { status, head, body };
};

/** Value of a header in a raw head; undefined when it is not there. `name` in lower case. */
export const headerOf = (head: string, name: string): string | undefined => {
  const exact = head.indexOf(`\r\n${name}: `);
  const at = exact >= 0 ? exact : head.toLowerCase().indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const from = at + name.length + 3;
  const to = head.indexOf("\r\n", from);
  return (to < 0 ? head.slice(from) : head.slice(from, to)).trim();
};

const unchunked = (bytes: Buffer): Buffer | undefined => {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.byteLength < next) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
};

/** The bytes of a request; `headers` and `body` as they are. */
export const requestBytes = (
  line: { readonly method: string; readonly path: string },
  headers: Readonly<Record<string, string>>,
  body: string = "",
): string => {
  let head = `${line.method} ${line.path} HTTP/1.1\r\nhost: load\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  if (body !== "" || line.method !== "GET") head += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return `${head}\r\n${body}`;
};
