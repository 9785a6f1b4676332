import { Fault } from "../../shared/errors.ts";
import type { Compaction, Effect, Head, Identifier, Settlement } from "../../shared/head.ts";
import type { Outcome } from "../../shared/operation.ts";
import type { PackMap, PackMapChange } from "../../shared/git/pack-map.ts";
import type { Store } from "./store.ts";

export const identifierKey = ({ system, value }: Identifier): string => JSON.stringify([system, value]);

const emptyHead = (patientId: string): Head => ({
  patientId,
  commit: null,
  commits: 0,
  epoch: 0,
  generation: 0,
  packs: {},
  replaced: [],
  updatedAt: null,
});

/** `now`: the clock of the process that asks. */
export const acquire = (store: Store, { patientId, owner, now }: { patientId: string; owner: string; now: number }) => {
  const { leaseMs } = store.settings;
  const stored = store.heads.get(patientId) ?? { head: emptyHead(patientId), owner: null, until: 0 };
  if (stored.owner !== null && stored.until > now && stored.until <= now + 2 * leaseMs) {
    store.observer.seen("lease found held");
    throw new Fault("lease-busy", "another writer holds the lease", { patientId });
  }
  if (stored.owner !== null) store.observer.seen(stored.until <= now ? "lease run out" : "lease implausibly long");
  const head = { ...stored.head, epoch: stored.head.epoch + 1 };
  store.heads.set(patientId, { head, owner, until: now + leaseMs });
  store.leaseEnds.set(`${patientId}#${head.epoch}`, store.settings.now() + leaseMs);
  return head;
};

export const release = (store: Store, patientId: string, owner: string): void => {
  const stored = store.heads.get(patientId);
  if (stored?.owner === owner) store.heads.set(patientId, { ...stored, owner: null });
};

const changed = (packs: PackMap, { put, remove }: PackMapChange): PackMap => {
  const next = { ...packs };
  for (const id of remove) delete next[id];
  return { ...next, ...put };
};

const addEffects = (store: Store, effects: readonly Effect[]): void => {
  for (const effect of effects) {
    store.observer.effectAdded(effect);
    if (!store.effects.has(effect.id)) store.effects.set(effect.id, effect);
  }
};

const isStillOurs = (store: Store, { operationId, attempt }: Outcome): boolean => {
  const row = store.operations.get(operationId)?.row;
  return row?.state === "queued" && row.attempt === attempt;
};

/** Writes an outcome on its row. A parked row is not settled. */
export const writeOutcome = (store: Store, outcome: Outcome): void => {
  const stored = store.operations.get(outcome.operationId);
  if (stored === undefined) return;
  const { state, commit, resource, etag, problem } = outcome;
  const settledAt = state === "parked" ? null : outcome.settledAt;
  stored.row = { ...stored.row, state, settledAt, commit, resource, etag, problem, version: stored.row.version + 1 };
  if (state !== "parked") stored.payload = undefined;
};

/** Each condition of 02-write-path, step 5; a Fault says which does not hold, and then nothing is written. */
const checkSettlement = (store: Store, { patientId, expected, epoch, outcomes, identifiers }: Settlement): void => {
  const head = store.heads.get(patientId)?.head;
  if (head === undefined || head.commit !== expected || head.epoch !== epoch) {
    const end = store.leaseEnds.get(`${patientId}#${epoch}`) ?? Infinity;
    store.observer.seen(end < store.settings.now() ? "late writer fenced after its lease ran out" : "writer fenced");
    throw new Fault("fenced", "head or epoch moved", { patientId });
  }
  const operationIds = outcomes.filter((one) => !isStillOurs(store, one)).map(({ operationId }) => operationId);
  if (operationIds.length > 0) {
    store.observer.seen("operation moved under a writer");
    throw new Fault("operations-moved", "operations are no longer queued with this attempt", { operationIds });
  }
  const taken = identifiers.claim.filter((one) => {
    const owner = store.identifiers.get(identifierKey(one));
    return owner !== undefined && owner !== patientId;
  });
  if (taken.length > 0) {
    store.observer.seen("identifier taken");
    throw new Fault("identifiers-taken", "identifiers belong to another patient", { identifiers: taken });
  }
};

export const settle = (store: Store, settlement: Settlement): void => {
  checkSettlement(store, settlement);
  store.observer.settling(settlement);
  const { patientId, head: move, outcomes, identifiers, summary, effects } = settlement;
  const { head, until } = store.heads.get(patientId)!;
  const moved = move === null ? head : { ...head, ...move, packs: changed(head.packs, move.packs) };
  store.heads.set(patientId, { head: moved, owner: null, until });
  for (const outcome of outcomes) writeOutcome(store, outcome);
  for (const one of identifiers.release) {
    if (store.identifiers.get(identifierKey(one)) === patientId) store.identifiers.delete(identifierKey(one));
  }
  for (const one of identifiers.claim) store.identifiers.set(identifierKey(one), patientId);
  if (summary !== null && summary.commits >= (store.summaries.get(patientId)?.commits ?? 0)) {
    store.summaries.set(patientId, summary);
  }
  addEffects(store, effects);
  store.observer.moved(patientId);
};

export const compact = (store: Store, { patientId, generation, packs, effects }: Compaction): void => {
  const stored = store.heads.get(patientId);
  const sources = packs.remove.every((id) => stored?.head.packs[id]?.sealed === true);
  if (stored === undefined || stored.head.generation !== generation || !sources) {
    store.observer.seen("compaction fenced");
    throw new Fault("fenced", "the record was compacted by another", { patientId });
  }
  const head = { ...stored.head, generation: generation + 1, packs: changed(stored.head.packs, packs) };
  store.heads.set(patientId, { ...stored, head });
  addEffects(store, effects);
  store.observer.seen("record compacted");
  store.observer.moved(patientId);
};
