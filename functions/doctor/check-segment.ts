import { deflate, inflate, store } from "../../shared/git/deflate.ts";
import { decodeFooter, footerTrailerBytes, type Footer } from "../../shared/git/footer.ts";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { checkPack, packHeaderBytes, packTrailerBytes } from "../../shared/git/pack.ts";
import type { PackEntry, SegmentId } from "../../shared/git/pack-map.ts";
import type { TreeState } from "../../shared/git/record-tree.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { decodeSnapshot, type Snapshot } from "../../shared/git/snapshot.ts";
import type { Capture } from "./capture.ts";
import type { Notebook } from "./finding.ts";

/** A segment as it was read. Footer and snapshot are undefined where they are damaged. */
export interface OpenSegment {
  readonly id: SegmentId;
  readonly pack: PackEntry;
  readonly bytes: Uint8Array;
  readonly footer: Footer | undefined;
  readonly snapshot: Snapshot | undefined;
}

const whereOf = (id: SegmentId): string => `segment ${id}`;

/** The footer holds what the head says: lengths and a row for each of its bytes. */
const openFooter = ({ pack, snapshot, footer }: PackEntry, bytes: Uint8Array): Footer => {
  const opened = decodeFooter(bytes.subarray(pack + snapshot));
  if (opened.pack !== pack || opened.snapshot !== snapshot) throw new Error("its lengths are not those of the head");
  if (opened.rows.length + footerTrailerBytes !== footer) throw new Error("its length is not the head's");
  return opened;
};

/** Entries lie one after the other and fill the pack; commits' places tell which numbers they have. */
const checkRows = (footer: Footer, bad: (why: string) => void): void => {
  let at = packHeaderBytes;
  for (const { offset, length, depth } of footer.inPackOrder()) {
    if (offset !== at) return bad("the entries leave a gap or overlap");
    if (depth > maxDeltaDepth) bad("an entry has a chain of deltas that is too long");
    at += length;
  }
  if (at !== footer.pack - packTrailerBytes) bad("the entries do not fill the pack");
};

const packCount = (pack: Uint8Array): number => Buffer.from(pack.buffer, pack.byteOffset, pack.length).readUInt32BE(8);

/** Whether our own compression makes these bytes of this content: then not a bit of them can have changed. */
const isOurEncoding = (stored: Uint8Array): boolean => {
  const content = inflate(stored);
  return store(content).equals(stored) || deflate(content).equals(stored);
};

const openSnapshot = (stored: Uint8Array, base: TreeState | undefined): { snapshot: Snapshot; canonical: boolean } => ({
  snapshot: decodeSnapshot(stored, base),
  canonical: isOurEncoding(stored),
});

interface Segment {
  readonly id: SegmentId;
  readonly pack: PackEntry;
  readonly bytes: Uint8Array;
}

/** Checks one whole segment part by part, each for itself. */
const openSegment = async (
  { id, pack, bytes }: Segment,
  base: TreeState | undefined,
  notes: Notebook,
): Promise<OpenSegment> => {
  const where = whereOf(id);
  if (bytes.length !== pack.pack + pack.snapshot + pack.footer) {
    notes.add("segment-length", where, `It has ${bytes.length} bytes, not as many as the head says.`);
  }
  const footer = await notes.attempt("footer-damaged", where, () => openFooter(pack, bytes));
  const packPart = bytes.subarray(0, pack.pack);
  await notes.attempt("pack-damaged", where, () => checkPack(packPart, footer?.count ?? packCount(packPart)));
  if (footer !== undefined) checkRows(footer, (why) => notes.add("footer-wrong", where, `Its index is wrong: ${why}.`));
  const stored = bytes.subarray(pack.pack, pack.pack + pack.snapshot);
  const opened = await notes.attempt("snapshot-damaged", where, () => openSnapshot(stored, base));
  if (opened?.canonical === false) {
    notes.add("snapshot-encoding", where, "Its snapshot is compressed in another way than this machine does it.");
  }
  return { id, pack, bytes, footer, snapshot: opened?.snapshot };
};

/** Checks the segments that the head names, oldest first. A tail's snapshot is read as changes of the one before. */
export const openSegments = async (capture: Capture, notes: Notebook): Promise<readonly OpenSegment[]> => {
  const { head, segments } = capture;
  const opened: OpenSegment[] = [];
  let sealed: TreeState | undefined;
  for (const id of segmentsInOrder(head.packs)) {
    const pack = head.packs[id];
    if (pack === undefined) continue;
    const bytes = segments.get(id);
    if (bytes === undefined) {
      const isSaid = notes.findings.some(({ where }) => where === whereOf(id));
      if (!isSaid) notes.add("segment-missing", whereOf(id), "The head names it, but it is not stored.");
      continue;
    }
    const segment = await openSegment({ id, pack, bytes }, pack.sealed ? undefined : sealed, notes);
    if (pack.sealed) sealed = segment.snapshot?.tree;
    opened.push(segment);
  }
  return opened;
};
