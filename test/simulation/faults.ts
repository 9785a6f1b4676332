import type { Random } from "./random.ts";

/** What can go wrong with one call. `null`: it goes well. */
export type CallFault =
  | "throttled: refused before it did anything"
  | "answer lost: it was done"
  | "answer lost: it was not done"
  | "answer lost: it is done later"
  | "slow: done long after it was asked"
  | "crash before the call is sent"
  | "crash after the call was done, before its answer";

const callFaults: readonly CallFault[] = [
  "throttled: refused before it did anything",
  "answer lost: it was done",
  "answer lost: it was not done",
  "answer lost: it is done later",
  "slow: done long after it was asked",
  "crash before the call is sent",
  "crash after the call was done, before its answer",
];

/** Troubles that do not belong to one call. */
const troubles = [
  "crash at a named point",
  "crash at any moment",
  "crash with a call under way that is done after it",
  "frozen: goes on after a long time, as if nothing was",
  "clock wrong by seconds",
  "clock wrong by hours",
  "throttled for a time, for all",
  "outage: the commit function cannot start",
  "commit function cut off at its time limit",
  "poison: an operation that makes our code throw",
  "poison: an operation that ends the process",
  "message put into the queue twice",
  "hint lost",
  "client left while it waited",
  "answer to a client lost",
] as const;

export type Trouble = (typeof troubles)[number];

/** What must come of all that at some time, or the troubles are too small to prove anything. */
const consequences = [
  "lease found held",
  "lease run out",
  "lease implausibly long",
  "writer fenced",
  "late writer fenced after its lease ran out",
  "operation moved under a writer",
  "identifier taken",
  "message deduplicated",
  "message given again",
  "message became a dead letter",
  "receipt stale",
  "groups received in another order",
  "record compacted",
  "compaction fenced",
  "garbage deleted",
  "segment gone under a reader",
  "operation parked",
  "operation redriven",
  "operation dismissed",
  "operation sent again by the sweep",
  "request repeated with its key",
  "refused at the door",
] as const;

export const kinds: readonly string[] = [...callFaults, ...troubles, ...consequences];

/** How often what goes wrong in one history. A history without some kinds shows what a history with all would hide. */
export interface Rates {
  readonly call: readonly { readonly fault: CallFault; readonly rate: number }[];
  readonly trouble: Readonly<Record<Trouble, number>>;
}

/** Each kind in half of the histories, from rare to frequent. */
export const ratesFor = (random: Random): Rates => {
  const rate = (most: number): number => (random.chance(0.5) ? most * random.next() ** 3 : 0);
  return {
    call: callFaults.map((fault) => ({ fault, rate: rate(fault.startsWith("crash") ? 0.02 : 0.08) })),
    trouble: Object.fromEntries(troubles.map((trouble) => [trouble, rate(1)])) as Rates["trouble"],
  };
};
