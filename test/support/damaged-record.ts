import { packMapPatch } from "../../infra/local/sqlite/pack-map-text.ts";
import { decodeFooter, footerTrailerBytes, writeFooterTrailer, type FooterEntry } from "../../shared/git/footer.ts";
import { footerEntryBytes, readFooterRow, writeFooterEntry } from "../../shared/git/footer-rows.ts";
import { packHeaderBytes, packTrailerBytes, writePackTrailer } from "../../shared/git/pack.ts";
import type { PackEntry, SegmentId } from "../../shared/git/pack-map.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { treeState } from "../../shared/git/record-tree.ts";
import { decodeSnapshot, encodeSnapshot, type Snapshot } from "../../shared/git/snapshot.ts";
import type { FolderNode, TreeNode } from "../../shared/git/tree-node.ts";
import type { FileEntry } from "../../shared/record/view.ts";
import type { Head } from "../../shared/head.ts";
import type { Clinic } from "./examined-clinic.ts";

/** A segment taken apart. `pack` ends before its checksum; `rows` are in the order in which they are stored. */
export interface Parts {
  readonly pack: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly rows: readonly FooterEntry[];
}

export const headOf = async ({ engine, patients }: Clinic): Promise<Head> => (await engine.heads.read(patients[0]))!;

/** The first patient's segments, oldest first: sealed ones, then the tail. */
export const segmentIdsOf = async (clinic: Clinic): Promise<readonly SegmentId[]> =>
  segmentsInOrder((await headOf(clinic)).packs);

/** Changes what the first patient's head knows of a segment; null: it no longer names it. */
export const setEntry = (clinic: Clinic, id: SegmentId, entry: PackEntry | null): void => {
  const patch = packMapPatch(entry === null ? { put: {}, remove: [id] } : { put: { [id]: entry }, remove: [] });
  clinic.sql("UPDATE heads SET packs = json_patch(packs, ?) WHERE patient_id = ?", patch, clinic.patients[0]);
};

/** Stores a segment of the first patient under an id that is used already, or a new one. */
const store = async ({ engine, patients: [patientId] }: Clinic, id: SegmentId, bytes: Uint8Array): Promise<void> => {
  await engine.segments.delete(patientId, [id]);
  await engine.segments.put(patientId, id, bytes);
};

/** Gives a segment another id, in the head and where it is stored. */
export const renameSegment = async (clinic: Clinic, from: SegmentId, to: SegmentId): Promise<void> => {
  const { packs } = await headOf(clinic);
  await store(clinic, to, await clinic.engine.segments.get(clinic.patients[0], from));
  await clinic.engine.segments.delete(clinic.patients[0], [from]);
  setEntry(clinic, to, packs[from]!);
  setEntry(clinic, from, null);
};

const takenApart = (bytes: Uint8Array): Parts => {
  const { pack, snapshot, rows, count } = decodeFooter(bytes);
  return {
    pack: bytes.subarray(0, pack - packTrailerBytes),
    snapshot: bytes.subarray(pack, pack + snapshot),
    rows: Array.from({ length: count }, (_, index) => readFooterRow(rows, index)),
  };
};

export const partsOf = async ({ engine, patients }: Clinic, id: SegmentId): Promise<Parts> =>
  takenApart(await engine.segments.get(patients[0], id));

/** Puts a segment together again, with checksums and lengths that are right. */
const joined = ({ pack, snapshot, rows }: Parts) => {
  const lengths = { pack: pack.length + packTrailerBytes, snapshot: snapshot.length };
  const from = lengths.pack + lengths.snapshot;
  const footer = rows.length * footerEntryBytes + footerTrailerBytes;
  const bytes = Buffer.alloc(from + footer);
  bytes.set(pack);
  writePackTrailer(bytes, pack.length);
  bytes.set(snapshot, lengths.pack);
  let at = from;
  for (const row of rows) at = writeFooterEntry(bytes, at, row);
  writeFooterTrailer(bytes, { from, at }, lengths);
  return { bytes, lengths: { ...lengths, footer } };
};

/** Changes a stored segment; its checksums, its lengths and what the head knows of it are made to fit. */
export const alterSegment = async (clinic: Clinic, id: SegmentId, alter: (parts: Parts) => Parts): Promise<void> => {
  const { packs } = await headOf(clinic);
  const { bytes, lengths } = joined(alter(await partsOf(clinic, id)));
  await store(clinic, id, bytes);
  setEntry(clinic, id, { ...packs[id]!, ...lengths });
};

/** Changes a stored segment byte by byte, and what the head knows of it; nothing is made to fit. */
export const alterBytes = async (
  clinic: Clinic,
  id: SegmentId,
  alter: (bytes: Buffer, entry: PackEntry) => { readonly bytes?: Buffer; readonly entry?: PackEntry },
): Promise<void> => {
  const { packs } = await headOf(clinic);
  const before = Buffer.from(await clinic.engine.segments.get(clinic.patients[0], id));
  const { bytes = before, entry = packs[id]! } = alter(before, packs[id]!);
  await store(clinic, id, bytes);
  setEntry(clinic, id, entry);
};

/** Four bytes that belong to no object put before the object that lies `place` from the pack's start, or behind the last. */
export const insertBytes = ({ pack, snapshot, rows }: Parts, place: number): Parts => {
  const at = rows.toSorted((a, b) => a.offset - b.offset)[place]?.offset ?? pack.length;
  return {
    pack: Buffer.concat([pack.subarray(0, at), Buffer.alloc(4), pack.subarray(at)]),
    snapshot,
    rows: rows.map((row) => (row.offset < at ? row : { ...row, offset: row.offset + 4 })),
  };
};

/** A segment whose first object, which is a commit, lies behind all others. */
export const firstObjectLast = ({ pack, snapshot, rows }: Parts): Parts => {
  const first = rows.find(({ offset }) => offset === packHeaderBytes)!;
  const end = packHeaderBytes + first.length;
  const moved = { ...first, offset: pack.length - first.length };
  return {
    pack: Buffer.concat([pack.subarray(0, packHeaderBytes), pack.subarray(end), pack.subarray(packHeaderBytes, end)]),
    snapshot,
    rows: rows.map((row) => {
      const offset = row.offset - first.length;
      return row === first ? moved : { ...row, offset };
    }),
  };
};

/** A segment whose index says something else of the object that lies `place` from the pack's start (negative: from its end). */
export const alterRow = (parts: Parts, place: number, over: (row: FooterEntry) => Partial<FooterEntry>): Parts => {
  const { rows } = parts;
  const chosen = rows.toSorted((a, b) => a.offset - b.offset).at(place)!;
  const altered = { ...chosen, ...over(chosen) };
  return { ...parts, rows: rows.map((row) => (row === chosen ? altered : row)) };
};

type FileNode = Extract<TreeNode, { kind: "file" }>;

/** What a snapshot keeps of a file beside what its trees say. */
type Kept = Partial<Pick<FileEntry, "size" | "broughtBy">>;

const alterBelow = (folder: FolderNode, newest: number, over: (file: FileNode) => Kept): FolderNode => ({
  ...folder,
  nodes: folder.nodes.map((node): TreeNode => {
    if (node.kind === "folder") return alterBelow(node, newest, over);
    return node.broughtBy === newest ? Object.assign({}, node, over(node)) : node;
  }),
});

/** A snapshot that says something else of the newest file than its trees' history. */
export const alterNewest =
  (over: (file: FileNode) => Kept) =>
  ({ tree: { root, pins, files } }: Snapshot): Partial<Snapshot> => {
    const newest = Math.max(...Array.from(files(), ({ broughtBy }) => broughtBy));
    return { tree: treeState(alterBelow(root, newest, over), pins) };
  };

/** Changes what a segment's snapshot says. */
export const alterSnapshot = async (
  clinic: Clinic,
  id: SegmentId,
  alter: (snapshot: Snapshot) => Partial<Snapshot>,
): Promise<void> => {
  const { packs } = await headOf(clinic);
  const sealedId = packs[id]?.sealed ? undefined : segmentsInOrder(packs).findLast((one) => packs[one]?.sealed);
  const base = sealedId === undefined ? undefined : decodeSnapshot((await partsOf(clinic, sealedId)).snapshot).tree;
  await alterSegment(clinic, id, (parts) => {
    const snapshot = decodeSnapshot(parts.snapshot, base);
    return { ...parts, snapshot: encodeSnapshot({ ...snapshot, ...alter(snapshot) }, base) };
  });
};
