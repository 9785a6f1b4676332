import { writePathDefaults } from "../../functions/config.ts";
import { Fault } from "../../shared/errors.ts";
import type { Operation } from "../../shared/operation.ts";
import { type CallFault, faultAt, type Rates, ratesFor, type Trouble } from "./faults.ts";
import { createModel, type Model, must } from "./model.ts";
import { randomFrom, type Random } from "./random.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { emptyStore, type Observer, type Store } from "./store.ts";

interface Poison {
  readonly kind: Trouble;
  runs: number;
}

/** All that one history consists of: time, chance, store and model, and what processes may do to it. */
export interface World {
  readonly seed: number;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly model: Model;
  readonly counts: Map<string, number>;
  /** Operations that our code does not survive, so many times. */
  readonly poison: Map<string, Poison>;
  /** Ids of all effects ever recorded. */
  readonly effects: Set<string>;
  /** False once nothing goes wrong any more. */
  faulty: boolean;
  /** Until when every call is refused, and until when the commit function cannot start. */
  throttledUntil: number;
  outageUntil: number;
  /** Calls whose effect is still to come, whoever made them. */
  underWay: number;
  count(kind: string): void;
  /** Whether this trouble comes now; counts it. */
  strikes(trouble: Trouble, factor?: number): boolean;
  faultOf(call: string): CallFault | null;
  /** A line of the history, made only where somebody reads it. */
  note(text: () => string): void;
}

/** The first call of a kind in a history fails so much more often than those after it. */
const firstCallFactor = 10;

const startAt = Date.parse("2026-11-21T09:00:00.000Z");

const observerOf = (world: () => World): Observer => ({
  inserted: (row) => world().model.inserted(row),
  settling: (settlement) => {
    const { store, model } = world();
    const { patientId, head, outcomes } = settlement;
    const segments = store.segments.get(patientId);
    for (const id of Object.keys(head?.packs.put ?? {}))
      must(segments?.has(id) === true, `${id} is published and gone`);
    mustBeNext(store, patientId, outcomes);
    model.settled(settlement);
  },
  moved: (patientId) => {
    const { store } = world();
    const { head } = store.heads.get(patientId) ?? {};
    const segments = store.segments.get(patientId);
    for (const id of Object.keys(head?.packs ?? {})) must(segments?.has(id) === true, `${id} is named and gone`);
  },
  parked: (row) => {
    world().count("operation parked");
    world().model.parked(row);
  },
  tried: (id, tries) => must(tries <= writePathDefaults.parkAtTries, `${id} runs alone for the ${tries}th time`),
  redriven: (row) => {
    world().count("operation redriven");
    world().model.redriven(row);
  },
  dismissed: (row) => {
    world().count("operation dismissed");
    world().model.dismissed(row);
  },
  deleting: ({ operationId, attempt }) => {
    const row = world().store.operations.get(operationId)?.row;
    must(!isOpen(row, attempt), `a message of ${operationId} was deleted before its operation ended`);
  },
  effectAdded: ({ id }) => {
    const { effects } = world();
    must(!effects.has(id), `the effect ${id} was recorded twice`);
    effects.add(id);
  },
  seen: (event) => world().count(event),
});

const isOpen = (row: Operation | undefined, attempt: number): boolean =>
  row?.state === "queued" && row.attempt === attempt;

/**
 * The order of the queue is the order of the record: no operation is settled before one whose message is ahead of its own. One
 * with a message among the dead letters is not asked for its place: who received that may still be carrying it out, and a message
 * that the sweep sent again meanwhile stands further back.
 */
const mustBeNext = (
  { queue, deadLetters, operations }: Store,
  patientId: string,
  outcomes: readonly { readonly operationId: string; readonly attempt: number }[],
): void => {
  const settled = new Set<string>();
  for (const { operationId, attempt } of outcomes) {
    const isIts = (message: { operationId: string; attempt: number }): boolean =>
      message.operationId === operationId && message.attempt === attempt;
    const messages = queue.get(patientId) ?? [];
    const place = messages.findIndex(isIts);
    settled.add(operationId);
    if (deadLetters.get(patientId)?.some(isIts) === true) continue;
    must(place >= 0, `${operationId} was settled without a message`);
    must(messages[place]!.receiveCount > 0, `${operationId} was settled before its message was received`);
    for (const ahead of messages.slice(0, place)) {
      const row = operations.get(ahead.operationId)?.row;
      must(
        settled.has(ahead.operationId) || !isOpen(row, ahead.attempt),
        `${operationId} overtook ${ahead.operationId}`,
      );
    }
  }
};

const storeFor = (random: Random, scheduler: Scheduler, world: () => World): Store => {
  const shuffle = <T>(groups: T[]): T[] => {
    for (let last = groups.length - 1; last > 0; last -= 1) {
      const other = random.below(last + 1);
      if (other !== last) world().count("groups received in another order");
      [groups[last], groups[other]] = [groups[other]!, groups[last]!];
    }
    return groups;
  };
  const settings = {
    leaseMs: 20_000,
    // Shorter than it should be, the queue gives messages to two at once; the guards must not need it to be long.
    visibilityMs: random.pick([25_000, 90_000]),
    maxReceiveCount: random.pick([4, 8, 1_000]),
    givesPrefix: random.chance(0.5),
    rowTakesBytes: random.pick([-1, 200, 4_096]),
    limits: { tailBytes: random.pick([400, 2_000, 48 * 1024]), sealedPacks: random.pick([2, 4, 16]) },
    now: scheduler.now,
    shuffle,
  };
  return emptyStore(settings, observerOf(world));
};

export const createWorld = (seed: number, note?: (text: string) => void): World => {
  const random = randomFrom(seed);
  const scheduler = createScheduler(startAt);
  const rates: Rates = ratesFor(random.fork());
  const chance = random.fork();
  const counts = new Map<string, number>();
  const called = new Set<string>();
  const count = (kind: string): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const happens = (fault: string): void => {
    count(fault);
    world.note(() => `fault: ${fault}`);
  };
  const world: World = {
    seed,
    random,
    scheduler,
    store: storeFor(random.fork(), scheduler, () => world),
    model: createModel(scheduler.now),
    counts,
    poison: new Map(),
    effects: new Set(),
    faulty: true,
    throttledUntil: 0,
    outageUntil: 0,
    underWay: 0,
    count,
    strikes: (trouble, factor = 1) => {
      const strikes = chance.chance(rates.trouble[trouble] * factor) && world.faulty;
      if (strikes) happens(trouble);
      return strikes;
    },
    faultOf: (call) => {
      let dice = chance.next();
      if (!world.faulty) return null;
      // What is called once in a history would hardly ever fail.
      const factor = called.has(call) ? 1 : firstCallFactor;
      called.add(call);
      for (const { fault, rate } of rates.call) {
        if (dice < rate * factor) {
          count(fault);
          happens(faultAt(call, fault));
          return fault;
        }
        dice -= rate * factor;
      }
      return null;
    },
    note: (text) => note?.(`${new Date(scheduler.now()).toISOString().slice(11)} ${text()}`),
  };
  return world;
};

/** What a process learns of a call whose answer never came. */
export const unknownEnd = (call: string): Fault =>
  call === "heads.settle" || call === "heads.compact"
    ? new Fault("outcome-unknown", "a transaction got no answer", { call })
    : new Fault("transient", "no answer came", { call });

export const refusedForLoad = (call: string): Fault => new Fault("transient", "too many requests", { call });
