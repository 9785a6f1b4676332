import type { PackEntry, PackMap } from "../../shared/git/pack-map.ts";
import type { Head } from "../../shared/head.ts";

/** A head as stored. Short names and texts: every settle rewrites the item, and each KB of it costs. */
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
  /** Packs, by segment id. */
  readonly p: Readonly<Record<string, string>>;
  /** Replaced tails, joined by spaces. */
  readonly r?: string;
  /** Time of the last commit, ms since the epoch. */
  readonly u?: number;
  readonly lo?: string;
  /** End of the lease, ms since the epoch. */
  readonly lu?: number;
}

/** A stored pack that no writer will rewrite begins with this: compaction's condition looks at it. */
export const sealedMark = "s";
const tailMark = "t";

/** `s` or `t`, first, pack, snapshot, footer. */
export const storedPack = ({ first, pack, snapshot, footer, sealed }: PackEntry): string =>
  [sealed ? sealedMark : tailMark, first, pack, snapshot, footer].join(" ");

const packOf = (stored: string): PackEntry => {
  const [mark, ...numbers] = stored.split(" ");
  const [first = 0, pack = 0, snapshot = 0, footer = 0] = numbers.map(Number);
  return { first, pack, snapshot, footer, sealed: mark === sealedMark };
};

const packsOf = (stored: HeadItem["p"]): PackMap => {
  const packs: Record<string, PackEntry> = {};
  for (const [id, entry] of Object.entries(stored)) packs[id] = packOf(entry);
  return packs;
};

export const headOf = ({ id, c, n, e, g, p, r, u }: HeadItem): Head => ({
  patientId: id,
  commit: c ?? null,
  commits: n ?? 0,
  epoch: e,
  generation: g ?? 0,
  packs: packsOf(p),
  replaced: r === undefined || r === "" ? [] : r.split(" "),
  updatedAt: u === undefined ? null : new Date(u).toISOString(),
});
