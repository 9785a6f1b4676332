import { Fault } from "../../shared/errors.ts";
import { buildBatch, type CommitDraft } from "../../shared/git/build-batch.ts";
import type { PackMap, SegmentId } from "../../shared/git/pack-map.ts";
import { loadState } from "../../shared/git/state.ts";
import type { CloneSource } from "../../shared/git/upload-pack.ts";
import type { FileChange } from "../../shared/record/view.ts";

const person = { name: "A Clinician", email: "user-1@casenotes.example" };

export const aDraft = (changes: readonly FileChange[], at = 1_790_000_000): CommitDraft => ({
  changes,
  message: `record:update: ${changes.length} files\n\nOperation-Id: 00000000-0000-4000-8000-000000000000\n`,
  author: { ...person, at },
  committer: { name: "Casenotes", email: "casenotes@casenotes.example", at },
});

/** A change of one file for each entry; null deletes. */
export const changesOf = (files: Readonly<Record<string, string | null>>): FileChange[] =>
  Object.entries(files).map(([path, content]) => ({ path, content }));

/**
 * A record's segments in a map and its head beside them, grown by the writer's own code: enough to test what reads a
 * repository. It stands for no port; conditions and leases are the engine's.
 */
export const storedRecord = (limits: { readonly tailBytes: number } = { tailBytes: 48 * 1024 }) => {
  const segments = new Map<SegmentId, Uint8Array>();
  let head: { commit: string | null; packs: PackMap; replaced: readonly SegmentId[] } = {
    commit: null,
    packs: {},
    replaced: [],
  };
  let epoch = 0;
  let reads = 0;
  const read: CloneSource["read"] = async (id, range) => {
    reads++;
    const bytes = segments.get(id);
    if (bytes === undefined) throw new Fault("segment-missing", "gone", { segmentId: id });
    return bytes.subarray(range.from, range.to);
  };
  const readAny = async (id: SegmentId, range?: { from: number; to: number }): Promise<Uint8Array> =>
    read(id, range ?? { from: 0, to: segments.get(id)?.length ?? 0 });
  const change = (put: PackMap, remove: readonly SegmentId[]): void => {
    const packs = { ...head.packs, ...put };
    for (const id of remove) {
      delete packs[id];
      segments.delete(id);
    }
    head = { ...head, packs };
  };
  let state: Awaited<ReturnType<typeof loadState>> | undefined;
  /** One batch of commits; `seal` closes its segment whatever its size. Gives their ids. */
  const write = async (drafts: readonly CommitDraft[], seal = false): Promise<readonly string[]> => {
    state ??= await loadState(head, readAny);
    epoch++;
    const sealing = seal ? { tailBytes: 0 } : limits;
    const batch = buildBatch({ state, head, drafts, epoch, random: "abc123", limits: sealing });
    segments.set(batch.segment.id, batch.segment.bytes);
    change(batch.packs.put, batch.packs.remove);
    head = { ...head, commit: batch.commits.at(-1) ?? null, replaced: [] };
    ({ state } = batch);
    return batch.commits;
  };
  return {
    segments,
    head: () => head,
    source: { head: async () => head, read } satisfies CloneSource,
    write,
    /** One commit of these files; null deletes. Gives its id. */
    commit: async (files: Readonly<Record<string, string | null>>, seal = false): Promise<string> =>
      (await write([aDraft(changesOf(files))], seal))[0] ?? "",
    /** Puts and removes segments as a compaction does. */
    replace: (put: PackMap, bytes: ReadonlyMap<SegmentId, Uint8Array>, remove: readonly SegmentId[]): void => {
      for (const [id, segment] of bytes) segments.set(id, segment);
      change(put, remove);
      state = undefined;
    },
    reads: () => reads,
  };
};
