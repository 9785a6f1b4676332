import { buildBatch, type Batch, type CommitDraft } from "../../shared/git/build-batch.ts";
import { compactedSegment, type CompactedSegment } from "../../shared/git/compaction.ts";
import type { PackMap, SegmentId } from "../../shared/git/pack-map.ts";
import { openRepository, type Repository } from "../../shared/git/repository.ts";
import { segmentCache } from "../../shared/git/segment-cache.ts";
import { emptyState, loadState, type ReadSegment, type RecordState, type Tail } from "../../shared/git/state.ts";
import type { FileChange } from "../../shared/record/view.ts";
import { Fault } from "../../shared/errors.ts";

const armour = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";

export const aDraft = (changes: readonly FileChange[], over: Partial<CommitDraft> = {}): CommitDraft => ({
  changes,
  message: "record:update: change files\n\nOperation-Id: 00000000-0000-0000-0000-000000000000\n",
  author: { name: "Sample Clinician", email: "user-1@casenotes.invalid", at: 1_700_000_000 },
  committer: { name: "Casenotes", email: "service@casenotes.invalid", at: 1_700_000_000 },
  ...over,
});

export const aFile = (path: string, content: string): FileChange => ({ path, content });

/** A record in memory: a store of segments, a head, a warm writer, and counts of what it all cost. */
export const aRecord = (limits = { tailBytes: 48 * 1024 }) => {
  const store = new Map<SegmentId, Uint8Array>();
  const cost = { puts: 0, bytesPut: 0, gets: 0, bytesGot: 0, deletes: 0 };
  let head: { packs: PackMap; replaced: readonly SegmentId[]; generation: number } = {
    packs: {},
    replaced: [],
    generation: 0,
  };
  let state: RecordState = emptyState;
  let epoch = 0;

  const read: ReadSegment = (id, range) => {
    const bytes = store.get(id);
    if (bytes === undefined) return Promise.reject(new Fault("segment-missing", "gone", { segmentId: id }));
    const part = range === undefined ? bytes : bytes.subarray(range.from, range.to);
    cost.gets++;
    cost.bytesGot += part.length;
    return Promise.resolve(Uint8Array.from(part));
  };
  const settle = (batch: Batch): Batch => {
    const { [batch.packs.remove[0] ?? ""]: _, ...packs } = head.packs;
    store.set(batch.segment.id, batch.segment.bytes);
    cost.puts++;
    cost.bytesPut += batch.segment.bytes.length;
    head = { ...head, packs: { ...packs, ...batch.packs.put }, replaced: batch.replaced };
    for (const id of batch.sealDeletes) store.delete(id);
    if (batch.sealDeletes.length > 0) cost.deletes++;
    state = batch.state;
    return batch;
  };
  const build = (drafts: readonly CommitDraft[]): Batch => {
    epoch++;
    const random = `r${epoch.toString(36)}`;
    return buildBatch({ state, head, drafts, epoch, random, limits, sign: () => armour });
  };
  return {
    store,
    cost,
    read,
    build,
    settle,
    /** Builds, puts and settles one batch. */
    batch: (...drafts: CommitDraft[]): Batch => settle(build(drafts)),
    /** One batch of one commit. */
    commit: (...changes: FileChange[]): Batch => settle(build([aDraft(changes)])),
    head: () => ({ commit: state.commit, commits: state.commits, ...head }),
    state: () => state,
    use: (other: RecordState) => (state = other),
    cold: () => loadState({ commit: state.commit, packs: head.packs }, read),
    /** Puts a compacted segment and takes its sources away. */
    compact: ({ id, bytes, packs: { put, remove } }: CompactedSegment): void => {
      store.set(id, bytes);
      for (const source of remove) store.delete(source);
      const kept = Object.entries(head.packs).filter(([source]) => !remove.includes(source));
      head = { ...head, packs: { ...Object.fromEntries(kept), ...put }, generation: head.generation + 1 };
    },
    open: (tail?: Tail): Repository =>
      openRepository({
        patientId: "p",
        packs: head.packs,
        commits: state.commits,
        read,
        cache: segmentCache(64 * 1024 * 1024),
        tail,
      }),
    /** Segments oldest first, with the lengths the head knows. */
    segments: () =>
      Object.entries(head.packs)
        .toSorted(([, a], [, b]) => a.first - b.first)
        .map(([id, pack]) => ({ id, pack, bytes: store.get(id)! })),
  };
};

export type TestRecord = ReturnType<typeof aRecord>;

/** The merge of these segments, as the compact function makes it. */
export const compactedOf = (
  record: TestRecord,
  segments: readonly { readonly id: SegmentId }[],
): Promise<CompactedSegment> => {
  const repository = record.open();
  const treeBody = async (oid: string): Promise<Uint8Array> =>
    (await repository.object((await repository.find(oid))!)).body;
  const due = segments.map(({ id }) => id);
  return compactedSegment(record.head(), due, { read: record.read, random: "aaaaaa", treeBody });
};
