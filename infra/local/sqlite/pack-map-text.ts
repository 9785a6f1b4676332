import type { PackEntry, PackMap, PackMapChange } from "../../../shared/git/pack-map.ts";

/** One entry as stored: first, pack, snapshot, footer, sealed. Short, because every settle rewrites the map. */
type StoredEntry = readonly [first: number, pack: number, snapshot: number, footer: number, sealed: 0 | 1];

const entryOf = ([first, pack, snapshot, footer, sealed]: StoredEntry): PackEntry => ({
  first,
  pack,
  snapshot,
  footer,
  sealed: sealed === 1,
});

const storedOf = ({ first, pack, snapshot, footer, sealed }: PackEntry): StoredEntry => [
  first,
  pack,
  snapshot,
  footer,
  sealed ? 1 : 0,
];

const parse = (text: string): Record<string, StoredEntry> => JSON.parse(text) as Record<string, StoredEntry>;

/** The pack map that a head row holds. */
export const packMapOf = (text: string): PackMap => {
  const packs: Record<string, PackEntry> = {};
  for (const [id, entry] of Object.entries(parse(text))) packs[id] = entryOf(entry);
  return packs;
};

/** A change of the stored pack map, for json_patch (RFC 7396): keys that the change does not name stay as they are. */
export const packMapPatch = ({ put, remove }: PackMapChange): string => {
  const patch: Record<string, StoredEntry | null> = {};
  for (const id of remove) patch[id] = null;
  for (const [id, entry] of Object.entries(put)) patch[id] = storedOf(entry);
  return JSON.stringify(patch);
};
