import { collectAll, restRounds } from "../../functions/collect.ts";
import { compactPatient } from "../../functions/compact.ts";
import { drain } from "../../functions/drain.ts";
import { readRecords } from "../../functions/read-records.ts";
import { sweep } from "../../functions/sweep.ts";
import { decodeFooter } from "../../shared/git/footer.ts";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { openRepository } from "../../shared/git/repository.ts";
import { segmentCache } from "../../shared/git/segment-cache.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { longestChain } from "../support/delta-chains.ts";
import { simulatedEngine } from "./engine.ts";
import { identifierSystem, blobId } from "./intent.ts";
import { must } from "./model.ts";
import { startProcess } from "./process.ts";
import type { World } from "./world.ts";

/** Sweeps and collects as the housekeeping does, a day later: what is left then is left for ever. */
export const tidyUp = async (world: World): Promise<void> => {
  const { scheduler } = world;
  await scheduler.run(() => false, 25 * 3_600_000);
  const { deps } = startProcess(world, "last", { queued: () => undefined, settled: () => undefined });
  const work = async (): Promise<void> => {
    await sweep(deps);
    // What a compaction that was cut off has put is known for garbage once the next one, still due, has raised the generation.
    for (const patientId of world.store.heads.keys()) await compactPatient(deps, patientId);
    await drain(deps, []);
    // One that may have been begun, everybody's turn, and the second sight of what the last of them showed.
    for (let round = 0; round < restRounds + 2; round += 1) await collectAll(deps);
  };
  let isDone = false;
  const end = async (): Promise<void> => {
    await work();
    isDone = true;
  };
  end().catch(scheduler.fail);
  await scheduler.run(() => isDone, 3_600_000);
  must(isDone, "housekeeping does not come to an end");
};

const trailer = (message: string): string => /^Operation-Id: (.*)$/m.exec(message)?.[1] ?? "none";

const checkRecord = async (world: World, patientId: string): Promise<void> => {
  const { store, model } = world;
  const record = model.records.get(patientId)!;
  const engine = simulatedEngine({
    store,
    gate: async (_, effect) => effect(),
    now: world.scheduler.now,
    reach: () => undefined,
    isDoubled: () => false,
  });
  const reader = readRecords({ engine, cacheBytes: 1_000_000 });
  const log = await reader.log(patientId, { limit: 100_000 });
  const commits = (log?.items ?? []).toReversed();
  const same = (what: string, found: unknown, expected: unknown): void =>
    must(
      JSON.stringify(found) === JSON.stringify(expected),
      `${patientId}: ${what} ${JSON.stringify(found)} are not ${JSON.stringify(expected)}`,
    );
  same(
    "the operations of the history",
    commits.map(({ message }) => trailer(message)),
    record.history,
  );
  same(
    "the commits of the history",
    commits.map(({ oid }) => oid),
    record.commits,
  );
  same(
    "the times of the commits",
    commits.map(({ committer }) => committer.at),
    commits.map(({ committer }) => committer.at).toSorted(),
  );
  const current = await reader.current(patientId);
  const { files } = record.versions.at(-1)!;
  const found = current === undefined ? [] : [...current.tree.files()].filter(({ path }) => path !== ".gitattributes");
  same(
    "the files",
    found.map(({ path, oid }) => [path, oid]).toSorted(),
    [...files].map(([path, content]) => [path, blobId(content)]).toSorted(),
  );
  for (const file of found) {
    const content = Buffer.from(await reader.content(current!, file)).toString();
    same(`the content of ${file.path}`, content, files.get(file.path));
  }
  for (const { commit, files: then } of record.versions.slice(1)) {
    const version = await reader.at(patientId, { commit: commit! });
    const paths = [...(version?.tree.files() ?? [])].filter(({ path }) => path !== ".gitattributes");
    same(
      `the files at ${commit}`,
      paths.map(({ path, oid }) => [path, oid]).toSorted(),
      [...then].map(([path, content]) => [path, blobId(content)]).toSorted(),
    );
  }
};

/** Every object of every segment that the head names is what its id says; nothing else is stored. */
const checkSegments = async (world: World, patientId: string): Promise<void> => {
  const { store } = world;
  const { head, owner, until } = store.heads.get(patientId)!;
  must(owner === null || until <= world.scheduler.now(), `the lease of ${patientId} was never given back`);
  const segments = store.segments.get(patientId) ?? new Map<string, Uint8Array>();
  const order = segmentsInOrder(head.packs);
  const kept = [...order, ...head.replaced];
  for (const id of segments.keys()) must(kept.includes(id), `${id} of ${patientId} is garbage that nobody collects`);
  for (const id of kept) must(segments.has(id), `${id} of ${patientId} is gone`);
  const chain = longestChain(order.map((id) => segments.get(id)!));
  must(chain <= maxDeltaDepth, `${patientId} has a chain of ${chain} deltas`);
  const repository = openRepository({
    patientId,
    packs: head.packs,
    commits: head.commits,
    read: async (id, range) => segments.get(id)!.slice(range?.from, range?.to),
    cache: segmentCache(1_000_000),
  });
  for (const [segment, id] of order.entries()) {
    for (const entry of decodeFooter(segments.get(id)!).inPackOrder()) await repository.object({ segment, entry });
  }
};

const checkOperations = ({ store, model }: World): void => {
  for (const [id, { row, outcome }] of model.operations) {
    const stored = store.operations.get(id)?.row;
    must((stored?.state ?? "none") === row, `${id} is ${stored?.state} and should be ${row}`);
    if (row === "none") continue;
    must(row === "committed" || row === "rejected", `${id} is still ${row} an hour after the last fault`);
    must(stored?.commit === outcome?.commit && stored?.etag === outcome?.etag, `${id} lost its outcome`);
  }
};

/** Once faults are over and everything has come to rest: what is stored is what the model says, and nothing is left over. */
export const checkEnd = async (world: World): Promise<void> => {
  const { store, model } = world;
  checkOperations(world);
  must(store.payloads.size === 0, `${store.payloads.size} payloads are left`);
  must(store.effects.size === 0, `${store.effects.size} effects are left`);
  for (const patientId of store.heads.keys()) {
    if (!model.records.has(patientId)) continue;
    await checkRecord(world, patientId);
    await checkSegments(world, patientId);
  }
  const owned = Object.fromEntries([...store.identifiers].map(([key, owner]) => [key, owner]));
  const expected = Object.fromEntries(
    [...model.owners].map(([value, owner]) => [JSON.stringify([identifierSystem, value]), owner]),
  );
  must(
    JSON.stringify(Object.entries(owned).toSorted()) === JSON.stringify(Object.entries(expected).toSorted()),
    "identifiers do not belong to whom they should",
  );
  for (const [patientId, { versions, identifiers }] of model.records) {
    const summary = store.summaries.get(patientId);
    must((summary?.commit ?? null) === versions.at(-1)!.commit, `the summary of ${patientId} is not of its head`);
    const listed = summary?.identifiers.map(({ value }) => value) ?? [];
    must(JSON.stringify(listed) === JSON.stringify(identifiers), `the summary of ${patientId} has other identifiers`);
  }
};
