import fs from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as isomorphicGit from "isomorphic-git";
import { decodeFooter, type FooterEntry } from "../../shared/git/footer.ts";
import { mergeSegments, sourceInMemory } from "../../shared/git/merge-segments.ts";
import type { Oid } from "../../shared/git/oid.ts";
import type { Notebook } from "./finding.ts";
import type { OpenSegment } from "./check-segment.ts";

/** A record as a bare Git repository in a folder, indexed and read by isomorphic-git: the independent implementation. */
export interface BareRepository {
  readonly gitdir: string;
  /** Every object that it found in the pack by itself. */
  readonly oids: readonly Oid[];
  /** What our footers say of an object. */
  readonly claimed: ReadonlyMap<Oid, FooterEntry>;
  /** Commits of the pack in the order of their numbers. */
  readonly commits: readonly Oid[];
  /** isomorphic-git's own memory of the pack and its index. */
  readonly cache: object;
}

const packPath = "objects/pack/pack-record.pack";
const config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";

/** Offsets in a pack by oid, from an index of version 2 (gitformat-pack); packs here are far below 2 GiB. */
const indexOffsets = (index: Buffer): ReadonlyMap<Oid, number> => {
  const count = index.readUInt32BE(8 + 255 * 4);
  const oidsAt = 8 + 256 * 4;
  const offsetsAt = oidsAt + count * 24;
  const found = new Map<Oid, number>();
  for (let i = 0; i < count; i++) {
    found.set(index.toString("hex", oidsAt + i * 20, oidsAt + i * 20 + 20), index.readUInt32BE(offsetsAt + i * 4));
  }
  return found;
};

/** Our footers and the index that isomorphic-git made of the same bytes name the same objects at the same places. */
const compareIndexes = (
  claimed: ReadonlyMap<Oid, FooterEntry>,
  found: ReadonlyMap<Oid, number>,
  notes: Notebook,
): void => {
  for (const [oid, { offset }] of claimed) {
    const at = found.get(oid);
    if (at === undefined) notes.add("object-damaged", `object ${oid}`, "Its stored bytes do not make this object.");
    else if (at !== offset) notes.add("footer-wrong", `object ${oid}`, "The index gives a wrong place for it.");
  }
  for (const oid of found.keys()) {
    if (!claimed.has(oid)) notes.add("footer-wrong", `object ${oid}`, "The pack holds it, but the index does not.");
  }
};

/** The pack of the whole record: the entries of all segments, the first copy of each object. */
const wholePack = async (segments: readonly OpenSegment[]) => {
  const { bytes, lengths } = await mergeSegments(segments.map((segment) => sourceInMemory(segment.bytes)));
  const entries = decodeFooter(bytes).inPackOrder();
  return {
    pack: bytes.subarray(0, lengths.pack),
    claimed: new Map(entries.map((entry) => [entry.oid, entry])),
    commits: entries.filter(({ type }) => type === "commit").map(({ oid }) => oid),
  };
};

/** Writes the record of `segments` to `gitdir` and has isomorphic-git index it. */
export const writeBareRepository = async (
  gitdir: string,
  { segments, tip }: { readonly segments: readonly OpenSegment[]; readonly tip: Oid },
  notes: Notebook,
): Promise<BareRepository> => {
  const { pack, claimed, commits } = await wholePack(segments);
  await mkdir(join(gitdir, "objects/pack"), { recursive: true });
  await mkdir(join(gitdir, "refs/heads"), { recursive: true });
  await Promise.all([
    writeFile(join(gitdir, "HEAD"), "ref: refs/heads/main\n"),
    writeFile(join(gitdir, "config"), config),
    writeFile(join(gitdir, "refs/heads/main"), `${tip}\n`),
    writeFile(join(gitdir, packPath), pack),
  ]);
  const { oids } = await isomorphicGit.indexPack({ fs, dir: gitdir, gitdir, filepath: packPath });
  const index = await readFile(join(gitdir, packPath.replace(/pack$/, "idx")));
  compareIndexes(claimed, indexOffsets(index), notes);
  return { gitdir, oids, claimed, commits, cache: {} };
};
