import type { PackEntry, PackMap, SegmentId } from "../../shared/git/pack-map.ts";
import { timeOf } from "./operation-item.ts";
import { parseSegmentId, segmentId, type SegmentName } from "../../shared/git/segment-id.ts";
import type { Head } from "../../shared/head.ts";

/** A head as stored. Short names and texts: acquire and settle rewrite the item, and each KB of it costs three times. */
export interface HeadItem {
  /** Patient id. */
  readonly id: string;
  /** Shard, for the list of all patients. */
  readonly s: string;
  /** Commit; absent before the first. */
  readonly c?: string;
  /** Number of commits. */
  readonly n?: number;
  readonly e: number;
  /** Generation; absent before the first compaction. */
  readonly g?: number;
  /** Packs, by stored segment id. */
  readonly p: Readonly<Record<string, string>>;
  /** Replaced tails. */
  readonly r?: string;
  /** Time of the last commit and patient id; absent before the first. */
  readonly t?: string;
  readonly lo?: string;
  /** End of the lease, ms since the epoch. */
  readonly lu?: number;
}

/** A stored pack that no writer will rewrite begins with this: compaction's condition looks at it. */
export const sealedMark = "s";
const tailMark = "t";

/** Before an id that is not made as ours are, so that it is kept as it is. */
const verbatim = "!";

const short = ({ first, by, number, random }: SegmentName): string =>
  `${first === 0 ? "" : first.toString(36)}${by === "writer" ? "w" : "c"}${number}-${random}`;

/** A segment id without the zeros that make its parts as long as each other. */
export const storedId = (id: SegmentId): string => {
  const name = parseSegmentId(id);
  return name ? short(name) : `${verbatim}${id}`;
};

const shortPattern = /^([0-9a-z]*)([wc])([0-9]+)-([0-9a-z]+)$/;

const nameOf = (stored: string): SegmentName | undefined => {
  const [, first, by, number, random] = shortPattern.exec(stored) ?? [];
  if (first === undefined || number === undefined || random === undefined) return undefined;
  const commits = first === "" ? 0 : Number.parseInt(first, 36);
  return { first: commits, by: by === "w" ? "writer" : "compaction", number: Number(number), random };
};

const idOf = (stored: string): SegmentId => {
  const name = nameOf(stored);
  return name ? segmentId(name) : stored.slice(verbatim.length);
};

/** `s` or `t`; pack, snapshot, footer in base 36; and the first commit where the id does not say it. */
export const storedPack = (id: SegmentId, { first, pack, snapshot, footer, sealed }: PackEntry): string => {
  const numbers = parseSegmentId(id)?.first === first ? [pack, snapshot, footer] : [pack, snapshot, footer, first];
  return (sealed ? sealedMark : tailMark) + numbers.map((number) => number.toString(36)).join(" ");
};

export const storedPacks = (packs: PackMap): HeadItem["p"] =>
  Object.fromEntries(Object.entries(packs).map(([id, entry]) => [storedId(id), storedPack(id, entry)]));

const packOf = (id: SegmentId, stored: string): PackEntry => {
  const numbers = stored
    .slice(1)
    .split(" ")
    .map((number) => Number.parseInt(number, 36));
  const [pack = 0, snapshot = 0, footer = 0, first = parseSegmentId(id)?.first ?? 0] = numbers;
  return { first, pack, snapshot, footer, sealed: stored.startsWith(sealedMark) };
};

const packsOf = (stored: HeadItem["p"]): PackMap => {
  const packs: Record<string, PackEntry> = {};
  for (const [key, entry] of Object.entries(stored)) packs[idOf(key)] = packOf(idOf(key), entry);
  return packs;
};

const follows = (name: SegmentName | undefined, before: SegmentName | undefined): boolean =>
  name !== undefined &&
  before !== undefined &&
  short({ ...before, number: before.number + 1, random: name.random }) === short(name);

/** Tails that follow each other differ in their random part, and by one in the number: then only that part is kept. */
export const storedReplaced = (ids: readonly SegmentId[]): string => {
  const names = ids.map(parseSegmentId);
  return ids.map((id, n) => (follows(names[n], names[n - 1]) ? `-${names[n]?.random}` : storedId(id))).join(" ");
};

const replacedOf = (stored: string): readonly SegmentId[] => {
  const ids: SegmentId[] = [];
  let before: SegmentName | undefined;
  for (const text of stored.split(" ")) {
    const follower: SegmentName | undefined =
      before && text.startsWith("-") ? { ...before, number: before.number + 1, random: text.slice(1) } : undefined;
    ids.push(follower ? segmentId(follower) : idOf(text));
    before = follower ?? nameOf(text);
  }
  return ids;
};

export const headOf = ({ id, c, n, e, g, p, r, t }: HeadItem): Head => ({
  patientId: id,
  commit: c ?? null,
  commits: n ?? 0,
  epoch: e,
  generation: g ?? 0,
  packs: packsOf(p),
  replaced: r === undefined || r === "" ? [] : replacedOf(r),
  updatedAt: t === undefined ? null : timeOf(t),
});
