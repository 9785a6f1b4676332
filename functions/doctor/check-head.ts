import { maxReplacedTails } from "../../shared/git/limits.ts";
import type { PackEntry, SegmentId } from "../../shared/git/pack-map.ts";
import { parseSegmentId, segmentsInOrder } from "../../shared/git/segment-id.ts";
import type { Head } from "../../shared/head.ts";
import type { Capture } from "./capture.ts";
import type { Notebook } from "./finding.ts";

const oidPattern = /^[0-9a-f]{40}$/;

const isCount = (value: unknown, least = 0): boolean =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

const checkFields = (
  { commit, commits, epoch, generation, updatedAt, packs }: Head,
  bad: (why: string) => void,
): void => {
  const empty = Object.keys(packs).length === 0;
  if (!isCount(epoch) || !isCount(generation) || !isCount(commits)) bad("a counter is not a whole number");
  if (commit === null) {
    if (commits !== 0 || !empty || updatedAt !== null) bad("it has no commit, but segments, a count or a time");
    return;
  }
  if (!oidPattern.test(commit)) bad("its commit is not an object id");
  if (!isCount(commits, 1) || empty) bad("it has a commit, but no count of commits or no segments");
  if (updatedAt === null) bad("it has a commit, but no time");
};

const checkEntry = (id: SegmentId, entry: PackEntry, { epoch, generation }: Head): string | undefined => {
  const name = parseSegmentId(id);
  if (name === undefined) return `${id} is not the id of a segment`;
  if (name.first !== entry.first) return `${id} does not begin where its name says`;
  if (name.number > (name.by === "writer" ? epoch : generation)) return `${id} is newer than the head's counters`;
  const { pack, snapshot, footer, sealed } = entry;
  if (!isCount(pack, 1) || !isCount(snapshot, 1) || !isCount(footer, 1)) return `${id} has a length that is none`;
  return typeof sealed === "boolean" ? undefined : `${id} is neither sealed nor not`;
};

const checkOrder = ({ packs, commits }: Head, bad: (why: string) => void): void => {
  const order = segmentsInOrder(packs);
  for (const [index, id] of order.entries()) {
    const first = packs[id]?.first ?? -1;
    const before = index === 0 ? -1 : (packs[order[index - 1] ?? ""]?.first ?? -1);
    if (index === 0 ? first !== 0 : first <= before) bad(`${id} is out of order`);
    if (first >= commits) bad(`${id} begins after the last commit`);
    if (packs[id]?.sealed === false && index < order.length - 1) bad(`${id} is not sealed and not the newest`);
  }
};

/** What a head row can be seen to be wrong in by itself. */
export const checkHead = (head: Head, notes: Notebook): void => {
  const bad = (why: string): void => notes.add("head-invalid", "head", `The head row is not sane: ${why}.`);
  checkFields(head, bad);
  for (const [id, entry] of Object.entries(head.packs)) {
    const why = checkEntry(id, entry, head);
    if (why !== undefined) bad(why);
  }
  checkOrder(head, bad);
  const { replaced, packs } = head;
  if (!Array.isArray(replaced)) return bad("its replaced tails are no list");
  if (replaced.length > maxReplacedTails) bad("it lists too many replaced tails");
  for (const id of replaced) {
    if (typeof id !== "string" || parseSegmentId(id) === undefined) bad("a replaced tail has no segment's id");
    else if (id in packs) bad(`${id} is replaced and in use at once`);
  }
};

/** A settle gives the head and the operations of its commits the same time. */
export const checkHeadTime = ({ head, operations }: Capture, notes: Notebook): void => {
  const last = operations?.find(({ commit }) => commit === head.commit);
  if (last === undefined || last.settledAt === head.updatedAt) return;
  notes.add("head-invalid", "head", "The head row is not sane: its time is not that of its last operation.");
};
