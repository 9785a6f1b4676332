import type { Effect, Head, Settlement, Summary } from "../../shared/head.ts";
import type { Operation } from "../../shared/operation.ts";
import type { PayloadKey } from "../../shared/ports.ts";

interface StoredHead {
  readonly head: Head;
  readonly owner: string | null;
  /** Ms since the epoch, by the clock of the process that took it. */
  readonly until: number;
}

export interface StoredMessage {
  readonly id: string;
  readonly operationId: string;
  readonly patientId: string;
  readonly attempt: number;
  receiveCount: number;
  visibleAt: number;
  receipt: string;
}

interface StoredOperation {
  row: Operation;
  readonly order: number;
  /** What it asks for, on an engine that keeps that in the row until it is settled. */
  payload: Uint8Array | undefined;
}

export interface StoredPayload extends PayloadKey {
  readonly bytes: Uint8Array;
  /** Ms since the epoch, by the clock of the process that stored it. */
  readonly storedAt: number;
}

/** The messages of each group, in order of sending. */
export type StoredQueue = Map<string, StoredMessage[]>;

/** Is told of everything that becomes true, at the moment when it does. Throws where it must not. */
export interface Observer {
  inserted(operation: Operation): void;
  /** Before it is written; its conditions hold. */
  settling(settlement: Settlement): void;
  /** After a settle, a compaction or a deletion of segments. */
  moved(patientId: string): void;
  parked(operation: Operation): void;
  tried(id: string, tries: number): void;
  redriven(operation: Operation): void;
  dismissed(operation: Operation): void;
  deleting(message: StoredMessage): void;
  effectAdded(effect: Effect): void;
  /** Something worth counting happened. */
  seen(event: string): void;
}

const nothing = (): void => undefined;

const noObserver: Observer = {
  inserted: nothing,
  settling: nothing,
  moved: nothing,
  parked: nothing,
  tried: nothing,
  redriven: nothing,
  dismissed: nothing,
  deleting: nothing,
  effectAdded: nothing,
  seen: nothing,
};

/** What the simulated service remembers. It survives every crash; processes reach it through calls only. */
export interface Store {
  readonly heads: Map<string, StoredHead>;
  /** When the lease of each patient and epoch runs out, by the right clock. */
  readonly leaseEnds: Map<string, number>;
  /** By id; `order` is that of insertion. */
  readonly operations: Map<string, StoredOperation>;
  readonly payloads: Map<string, StoredPayload>;
  readonly queue: StoredQueue;
  readonly deadLetters: StoredQueue;
  /** Deduplication ids, and when each is forgotten. */
  readonly sent: Map<string, number>;
  readonly segments: Map<string, Map<string, Uint8Array>>;
  readonly effects: Map<string, Effect>;
  readonly summaries: Map<string, Summary>;
  /** Owner of each identifier. */
  readonly identifiers: Map<string, string>;
  readonly observer: Observer;
  readonly settings: StoreSettings;
  numbers: number;
}

export interface StoreSettings {
  readonly leaseMs: number;
  readonly visibilityMs: number;
  readonly maxReceiveCount: number;
  /** Of a group whose first messages are visible and whose next is not, are the first given (SQS), or none? */
  readonly givesPrefix: boolean;
  /** A payload of so many bytes at most is kept in the row of its operation. */
  readonly rowTakesBytes: number;
  /** The queue's own clock, ms since the epoch. */
  readonly now: () => number;
  /** The order in which groups are served. */
  readonly shuffle: <T>(groups: T[]) => T[];
  readonly limits: { readonly tailBytes: number; readonly sealedPacks: number };
}

export const emptyStore = (settings: StoreSettings, observer: Observer = noObserver): Store => ({
  heads: new Map(),
  leaseEnds: new Map(),
  operations: new Map(),
  payloads: new Map(),
  queue: new Map(),
  deadLetters: new Map(),
  sent: new Map(),
  segments: new Map(),
  effects: new Map(),
  summaries: new Map(),
  identifiers: new Map(),
  observer,
  settings,
  numbers: 0,
});

/** The items after the cursor, and where the next page begins. */
export const pageOf = <T, R>(
  found: readonly T[],
  { limit, after }: { readonly limit: number; readonly after?: string },
  { key, item }: { readonly key: (one: T) => string; readonly item: (one: T) => R },
): { readonly items: readonly R[]; readonly next?: string } => {
  const start = after === undefined ? 0 : found.findIndex((one) => key(one) === after) + 1;
  const page = found.slice(start, start + limit);
  const last = page.at(-1);
  return {
    items: page.map(item),
    ...(found.length > start + limit && last !== undefined && { next: key(last) }),
  };
};
