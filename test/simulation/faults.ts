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

/** Every call of the write path and of what keeps house: each is an await at which a process can end. */
const calls = [
  "deadLetters.delete",
  "deadLetters.receive",
  "effects.done",
  "effects.pending",
  "heads.acquire",
  "heads.compact",
  "heads.list",
  "heads.read",
  "heads.release",
  "heads.settle",
  "intake.payload",
  "intake.row",
  "operations.countQueued",
  "operations.dismiss",
  "operations.get",
  "operations.getAsked",
  "operations.laterSettled",
  "operations.list",
  "operations.listQueued",
  "operations.park",
  "operations.redrive",
  "operations.setTries",
  "payloads.delete",
  "payloads.get",
  "payloads.listOlder",
  "queue.delay",
  "queue.delete",
  "queue.receive",
  "queue.send",
  "segments.delete",
  "segments.get",
  "segments.list",
  "segments.put",
] as const;

const crashes = callFaults.filter((fault) => fault.startsWith("crash"));

/** How a fault of one call is counted. */
export const faultAt = (call: string, fault: CallFault): string => `${call}: ${fault}`;

/** What goes wrong by itself. */
export const faultKinds: readonly string[] = [...callFaults, ...troubles];
/** That, and what comes of it. */
export const kinds: readonly string[] = [...faultKinds, ...consequences];
/** What a long one has met: a crash before and after every call. */
export const crashPlaces: readonly string[] = calls.flatMap((call) => crashes.map((fault) => faultAt(call, fault)));

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
