import { writePathDefaults } from "../../functions/config.ts";
import type { Dependencies, VerifiedCaller } from "../../functions/dependencies.ts";
import { readRecords } from "../../functions/read-records.ts";
import { Refusal } from "../../shared/errors.ts";
import type { CallFault } from "./faults.ts";
import { type Gate, simulatedEngine } from "./engine.ts";
import { Violation } from "./model.ts";
import type { Random } from "./random.ts";
import { refusedForLoad, unknownEnd, type World } from "./world.ts";

const scopes = new Set(["record:read", "record:write", "operation:read", "ops:redrive"]);
export const issuer = "https://issuer.test";

const callerOf = (token: string): VerifiedCaller => {
  if (!/^[a-z]+-\d+$/.test(token)) throw new Refusal("unauthenticated", "The token is not known.");
  return { issuer, subject: token, name: "A Clinician", role: "clinician", scopes, patients: null };
};

/** A signature is not what is tested here, and each costs more than the rest of a commit. */
const signature = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----";
const signer = {
  committer: { name: "Casenotes", email: "casenotes@casenotes.invalid" },
  sign: () => signature,
  allowedSigner: "",
};

/** A running program: it has a memory and a clock of its own, and reaches the store through calls that can fail. */
export interface Process {
  readonly name: string;
  readonly deps: Dependencies;
  readonly random: Random;
  isAlive(): boolean;
  /** At once, as by kill -9: nothing that it would have done later happens. */
  kill(): void;
  /** It stands still, with all its timers; then it goes on and knows nothing of it. */
  freeze(ms: number): void;
  sleep(ms: number): Promise<void>;
  whenKilled(work: () => void): void;
  /** A hint that these operations changed. */
  hear(ids: readonly string[]): void;
}

/** Hears what processes tell each other. */
export interface Hearing {
  queued(): void;
  settled(ids: readonly string[]): void;
}

const clockOffset = (world: World, random: Random, mayBeHours: boolean): number => {
  const sign = random.chance(0.5) ? 1 : -1;
  if (world.strikes("clock wrong by seconds")) return sign * random.between(1_000, 120_000);
  if (mayBeHours && world.strikes("clock wrong by hours")) return sign * random.between(3_600_000, 12 * 3_600_000);
  return random.between(-20, 20);
};

interface Life {
  readonly world: World;
  readonly random: Random;
  readonly isAlive: () => boolean;
  readonly kill: () => void;
  /** Runs it in the process: when that is frozen, after it; when it is dead, never. */
  readonly deliver: (ms: number, work: () => void) => void;
}

/** How long the store and the way to it take, ms. */
const latencyOf = (random: Random): number => 1 + 12 * random.next() ** 2;
/** After this a process takes an answer for lost, ms. */
const patienceOf = (random: Random): number => random.between(1_000, 6_000);

const gateOf = ({ world, random, isAlive, kill, deliver }: Life): Gate => {
  const { scheduler } = world;
  const attempt = <T>(effect: () => T): (() => T) => {
    try {
      const value = effect();
      return () => value;
    } catch (cause) {
      if (!(cause instanceof Error) || cause instanceof Violation || cause instanceof TypeError) scheduler.fail(cause);
      return () => {
        throw cause;
      };
    }
  };
  /** The store does something, at its own time, whatever became of who asked. */
  const arrive = (ms: number, work: () => void): void => {
    world.underWay += 1;
    scheduler.after(ms, () => {
      world.underWay -= 1;
      work();
    });
  };
  return (call, effect) =>
    new Promise((resolve, reject) => {
      if (!isAlive()) return;
      const fault: CallFault | null =
        scheduler.now() < world.throttledUntil && random.chance(0.7)
          ? "throttled: refused before it did anything"
          : world.faultOf(call);
      const outMs = latencyOf(random);
      const lose = (): void => deliver(patienceOf(random), () => reject(unknownEnd(call)));
      const isDroppedWithSender = random.chance(0.5);
      const run = () => {
        if (!isAlive()) {
          if (isDroppedWithSender) return undefined;
          world.count("crash with a call under way that is done after it");
        }
        return attempt(effect);
      };
      const answerAfter = (ms: number): void =>
        arrive(ms, () => {
          const result = run();
          if (result === undefined) return;
          if (fault === "crash after the call was done, before its answer") return kill();
          if (fault === "answer lost: it was done") return lose();
          deliver(latencyOf(random), () => {
            try {
              resolve(result());
            } catch (cause) {
              reject(cause);
            }
          });
        });
      if (fault === "crash before the call is sent") return kill();
      if (fault === "throttled: refused before it did anything")
        return deliver(2 * outMs, () => reject(refusedForLoad(call)));
      if (fault === "answer lost: it was not done") return lose();
      if (fault === "answer lost: it is done later") {
        lose();
        return arrive(random.between(1_000, 90_000), () => void attempt(effect));
      }
      answerAfter(fault === "slow: done long after it was asked" ? random.between(1_000, 60_000) : outMs);
    });
};

/** Sleeps that a hint, or a client that leaves, can cut short. */
const sleepers = (life: Life) => {
  const waiting = new Map<string, Set<() => void>>();
  const sleep: Dependencies["hints"]["sleep"] = (id, ms, signal) =>
    new Promise((resolve) => {
      const others = waiting.get(id) ?? new Set();
      waiting.set(id, others);
      const wake = (): void => {
        others.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      others.add(wake);
      signal.addEventListener("abort", wake);
      life.deliver(ms, wake);
      if (signal.aborted) wake();
    });
  const wake = (ids: readonly string[]): void => {
    for (const id of ids) for (const one of waiting.get(id) ?? []) one();
  };
  return { sleep, wake };
};

/** Parts of one process's life that only it knows. */
const lifeOf = (world: World, random: Random, name: string) => {
  const { scheduler } = world;
  const farewells: (() => void)[] = [];
  let alive = true;
  let frozenUntil = 0;
  const deliver: Life["deliver"] = (ms, work) =>
    scheduler.after(ms, () => {
      if (!alive) return;
      if (scheduler.now() < frozenUntil) deliver(frozenUntil - scheduler.now(), work);
      else work();
    });
  const kill = (): void => {
    if (!alive) return;
    alive = false;
    world.note(() => `${name} is killed`);
    for (const farewell of farewells) farewell();
  };
  const freeze = (ms: number): void => {
    world.note(() => `${name} is frozen for ${Math.round(ms)} ms`);
    frozenUntil = scheduler.now() + ms;
  };
  return { life: { world, random, isAlive: () => alive, kill, deliver }, freeze, farewells };
};

/** A poisoned operation's payload: our code throws on it, or the process ends. */
const poisonedEngine = ({ world, kill }: Life, engine: Dependencies["engine"]): Dependencies["engine"] => {
  const poisoned = (operationId: string, payload: Uint8Array | undefined): Uint8Array | undefined => {
    const poison = world.poison.get(operationId);
    if (payload === undefined || poison === undefined || poison.runs === 0) return payload;
    poison.runs -= 1;
    world.count(poison.kind);
    if (poison.kind === "poison: an operation that ends the process") kill();
    return Buffer.from("{");
  };
  const getAsked: Dependencies["engine"]["operations"]["getAsked"] = async (ids) => {
    const asked = await engine.operations.getAsked(ids);
    return asked.map((one) => one && { operation: one.operation, payload: poisoned(one.operation.id, one.payload) });
  };
  return { ...engine, operations: { ...engine.operations, getAsked } };
};

/** What a line of the log tells: damage and errors of our own code end the history. */
const heed = (world: World, event: string, fields: Readonly<Record<string, unknown>>): void => {
  const { fault, error, code } = fields;
  const isPoison = event === "group.retried" && error === "SyntaxError";
  const isDamage = fault === "damaged" || code === "damaged";
  if (isDamage || (error !== undefined && error !== "Fault" && !isPoison))
    world.scheduler.fail(new Violation(`${event}: ${JSON.stringify(fields)}`));
  if (event === "operation.resent") world.count("operation sent again by the sweep");
  if (event === "record.collected" && Number(fields["deleted"]) > 0) world.count("garbage deleted");
  if (event === "record.changed") {
    const { outcome } = world.model.operations.get(String(fields["operationId"])) ?? {};
    if (outcome?.commit !== fields["commit"]) world.scheduler.fail(new Violation(`a commit was told of that is none`));
  }
};

export const startProcess = (world: World, name: string, hearing: Hearing): Process => {
  const random = world.random.fork();
  const { scheduler } = world;
  const { life, freeze, farewells } = lifeOf(world, random, name);
  const isFront = name.startsWith("front");
  const offset = clockOffset(world, random, !isFront);
  const now = (): number => Math.floor(scheduler.now() + offset);
  const { sleep, wake } = sleepers(life);
  const tell = (work: () => void): void => {
    if (world.strikes("hint lost")) return;
    scheduler.after(random.between(0, 5), work);
  };
  const reach = (): void | Promise<void> => {
    if (!world.strikes("crash at a named point", 0.02)) return undefined;
    life.kill();
    return new Promise(() => undefined);
  };
  const isDoubled = (): boolean => world.strikes("message put into the queue twice", 0.2);
  const whole = simulatedEngine({ store: world.store, gate: gateOf(life), now, reach, isDoubled });
  const engine = isFront ? whole : poisonedEngine(life, whole);
  const { maxReceiveCount } = world.store.settings;
  const deps: Dependencies = {
    config: { ...writePathDefaults, maxReceiveCount, version: "0.0.0", baseUrl: "http://127.0.0.1", issuers: [] },
    engine,
    records: readRecords({ engine, cacheBytes: random.pick([2_000, 1_000_000]) }),
    hints: { queued: () => tell(hearing.queued), settled: (ids) => tell(() => hearing.settled(ids)), sleep },
    tokens: { verify: async (token) => callerOf(token) },
    signer,
    log: (_, event, fields = {}) => {
      // A stack says where the history was started from as well, which is no part of it.
      world.note(() => `${name} ${event} ${JSON.stringify({ ...fields, stack: undefined })}`);
      heed(world, event, fields);
    },
    now,
    newId: random.uuid,
    random: random.next,
    reach,
  };
  return {
    name,
    deps,
    random,
    isAlive: life.isAlive,
    kill: life.kill,
    freeze,
    sleep: (ms) => new Promise((resolve) => life.deliver(ms, resolve)),
    whenKilled: (work) => void farewells.push(work),
    hear: wake,
  };
};
