import { createHash } from "node:crypto";
import { isFault } from "../errors.ts";
import { applyDelta } from "./delta.ts";
import type { ObjectType } from "./objects.ts";
import type { Oid } from "./oid.ts";
import { baseOf, decodeEntry, encodeEntry, packHeaderBytes, writePackHeader } from "./pack.ts";
import { flushPacket, sideBand } from "./pkt-line.ts";
import { entryAt, firstCopies, maxRereads, missing, rangeOf, readHistory } from "./upload-pack-history.ts";
import type { History, CloneSource } from "./upload-pack-history.ts";
import { locate, oidsOf, segmentOf, type Run, type Slice } from "./upload-pack-slice.ts";

/** What is sent, and from where. */
export interface Sending {
  readonly source: CloneSource;
  readonly history: History;
  readonly slice: Slice;
  /** Deltas must not lean on objects outside the slice. */
  readonly selfContained: boolean;
}

type Got = { readonly bytes: Uint8Array } | { readonly error: unknown };

const readRun = (source: CloneSource, history: History, run: Run): Promise<Got> =>
  source.read(history.segments[run.segment]?.id ?? "", rangeOf(history, run.first, run.end)).then(
    (bytes) => ({ bytes }),
    (error: unknown) => ({ error }),
  );

interface Piece {
  readonly history: History;
  readonly run: Run;
  readonly bytes: Uint8Array;
}

/**
 * Reads runs one ahead of the reader. When a segment is gone (compacted, or a tail rewritten) the rest is looked up by id
 * through the new pack map: entries are position-independent, so the copy there is as good.
 */
async function* pieces({ source, history, slice }: Sending, rereads = 0): AsyncGenerator<Piece> {
  const { runs } = slice;
  const read = (run: Run | undefined) => (run === undefined ? undefined : readRun(source, history, run));
  let next = read(runs[0]);
  for (const [at, run] of runs.entries()) {
    const got = await next;
    if (got === undefined) return;
    if ("error" in got) {
      if (!isFault(got.error, "segment-missing") || rereads === maxRereads) throw got.error;
      const fresh = await readHistory(source);
      const rest = locate(fresh, oidsOf(history, runs.slice(at)));
      const sending = { source, history: fresh, slice: { count: 0, runs: rest }, selfContained: false };
      yield* pieces(sending, rereads + 1);
      return;
    }
    next = read(runs[at + 1]);
    yield { history, run, bytes: got.bytes };
  }
}

interface WholeObject {
  readonly type: ObjectType;
  readonly body: Uint8Array;
}

/** Resolves entries to whole objects, reading what their deltas lean on by id. */
const resolver = (source: CloneSource, opened: History) => {
  let history = opened;
  let rows = firstCopies(history);
  const stored = async (oid: Oid, rereads = 0): Promise<Uint8Array> => {
    const row = rows.get(oid) ?? missing(oid);
    const got = await readRun(source, history, { segment: segmentOf(history, row), first: row, end: row + 1 });
    if ("bytes" in got) return got.bytes;
    if (!isFault(got.error, "segment-missing") || rereads === maxRereads) throw got.error;
    history = await readHistory(source);
    rows = firstCopies(history);
    return stored(oid, rereads + 1);
  };
  const resolve = async (entry: Uint8Array): Promise<WholeObject> => {
    const { type, base, content } = decodeEntry(entry);
    if (type !== undefined) return { type, body: content };
    const under = await resolve(await stored(base ?? ""));
    return { type: under.type, body: applyDelta(under.body, content) };
  };
  return resolve;
};

/** Entries of a piece; those whose delta leans on an object outside `sent` as whole objects. */
async function* standAlone(
  { history, run, bytes }: Piece,
  sent: ReadonlySet<Oid>,
  resolve: (entry: Uint8Array) => Promise<WholeObject>,
): AsyncGenerator<Uint8Array> {
  const { from } = rangeOf(history, run.first, run.end);
  for (let row = run.first; row < run.end; row++) {
    const { offset, length } = entryAt(history, row);
    const entry = bytes.subarray(offset - from, offset - from + length);
    const base = baseOf(entry);
    yield base === undefined || sent.has(base) ? entry : encodeEntry(await resolve(entry));
  }
}

async function* entriesOf(sending: Sending): AsyncGenerator<Uint8Array> {
  if (!sending.selfContained) {
    for await (const { bytes } of pieces(sending)) yield bytes;
    return;
  }
  const { source, history, slice } = sending;
  const sent = new Set(oidsOf(history, slice.runs));
  const resolve = resolver(source, history);
  for await (const piece of pieces(sending)) {
    const parts: Uint8Array[] = [];
    for await (const part of standAlone(piece, sent, resolve)) parts.push(part);
    yield Buffer.concat(parts);
  }
}

/** A Git pack of the slice: header, entries as they are stored, SHA-1 of it all. */
async function* packOf(sending: Sending): AsyncGenerator<Uint8Array> {
  const sum = createHash("sha1");
  const header = Buffer.alloc(packHeaderBytes);
  writePackHeader(header, sending.slice.count);
  sum.update(header);
  yield header;
  for await (const bytes of entriesOf(sending)) {
    sum.update(bytes);
    yield bytes;
  }
  yield sum.digest();
}

const lastWord = Buffer.from("the record could not be read to its end: fetch again\n");

/**
 * `opening`, then the pack, bare (`packetBytes` 0) or on side band 1. A fault on the way is told on side band 3, where there
 * is one, and thrown: the connection must not look well ended.
 */
export async function* sendPack(
  opening: Uint8Array,
  sending: Sending,
  packetBytes: number,
): AsyncGenerator<Uint8Array> {
  if (opening.length > 0) yield opening;
  if (packetBytes === 0) {
    yield* packOf(sending);
    return;
  }
  try {
    for await (const bytes of packOf(sending)) yield sideBand(1, bytes, packetBytes);
  } catch (error) {
    yield sideBand(3, lastWord, packetBytes);
    throw error;
  }
  yield flushPacket;
}
