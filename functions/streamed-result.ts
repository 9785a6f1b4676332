/**
 * A handler's answer whose body may be produced while it is sent: a local server pipes it, a function URL streams it.
 * Who sends it pulls one chunk at a time (back-pressure), calls the iterator's `return` when the client leaves (`for await`
 * does), and cuts the connection, rather than ending it well, when the iterator throws: the status is gone by then.
 */
export interface StreamedResult {
  readonly statusCode: number;
  /** Lower-case names; no content-length when the body is a stream. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}
