import { collectAll } from "../../functions/collect.ts";
import { commitBatch } from "../../functions/commit.ts";
import { compactPatient } from "../../functions/compact.ts";
import { deadLetters } from "../../functions/dead-letters.ts";
import { drain } from "../../functions/drain.ts";
import { readMessage } from "../../functions/operation-message.ts";
import { sweep } from "../../functions/sweep.ts";
import { queueEvent } from "../../infra/local/queue-event.ts";
import { isFault } from "../../shared/errors.ts";
import type { ReceivedMessage } from "../../shared/ports.ts";
import { type Front, frontOf } from "./http.ts";
import { type Hearing, type Process, startProcess } from "./process.ts";
import type { World } from "./world.ts";

/** Processes that are started again whenever they end, and what they do. */
export interface Service {
  readonly fronts: readonly { current(): Front }[];
  readonly processes: () => readonly Process[];
  /** Ends all of them; those that come after know the right time when nothing is faulty any more. */
  restart(): void;
  /** Ends all of them for good. */
  stop(): void;
}

const faultsOnly = (world: World, work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    (cause: unknown) => {
      if (
        !isFault(cause, "transient", "outcome-unknown", "fenced", "lease-busy", "operations-moved", "segment-missing")
      )
        world.scheduler.fail(cause);
    },
  );

/** What Lambda's event source does: receives, runs the commit function, deletes what it finished. */
const workOn = async (
  world: World,
  process: Process,
  { run, wait }: { run: typeof commitBatch; wait: () => Promise<void> },
) => {
  const { deps, random } = process;
  const { queue } = deps.engine;
  const commit = run(deps);
  const batchSize = random.pick([1, 3, 10]);
  const one = async (messages: readonly ReceivedMessage[]): Promise<void> => {
    const { batchItemFailures } = await commit(queueEvent(messages));
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = messages.filter(({ messageId }) => !failed.has(messageId));
    await deps.reach("before-delete-message");
    if (done.length > 0) await queue.delete(done.map(({ receipt }) => receipt));
    finished(process, done);
  };
  for (;;) {
    let messages: readonly ReceivedMessage[] = [];
    await faultsOnly(
      world,
      queue.receive(batchSize).then((received) => void (messages = received)),
    );
    if (messages.length === 0) {
      await wait();
      continue;
    }
    if (world.scheduler.now() < world.outageUntil) {
      world.count("outage: the commit function cannot start");
      return process.kill();
    }
    const work = one(messages);
    if (random.chance(0.5)) await limited(world, process, work);
    else await faultsOnly(world, work);
  }
};

const finished = ({ deps }: Process, messages: readonly ReceivedMessage[]): void =>
  deps.hints.settled(messages.flatMap(({ body }) => readMessage(body)?.operationId ?? []));

/** A Lambda function that takes longer than its limit is ended. */
const limited = async (world: World, process: Process, work: Promise<void>): Promise<void> => {
  let isOver = false;
  const end = async (): Promise<void> => {
    await process.sleep(process.deps.config.commitTimeoutMs);
    if (isOver) return;
    world.count("commit function cut off at its time limit");
    process.kill();
  };
  void end();
  await faultsOnly(world, work);
  isOver = true;
};

const takeDeadLetters = async ({ deps }: Process): Promise<void> => {
  const queue = deps.engine.queue.deadLetters;
  const messages = await queue.receive(10);
  if (messages.length === 0) return;
  await deadLetters(deps)(queueEvent(messages));
  await queue.delete(messages.map(({ receipt }) => receipt));
};

const compactSome = async (world: World, { deps, random }: Process): Promise<void> => {
  for (const patientId of world.store.heads.keys()) if (random.chance(0.5)) await compactPatient(deps, patientId);
};

/** What comes after a commit, and what finds everything that was missed. */
const keepHouse = (world: World, process: Process, heard: string[]): void => {
  const { deps, random } = process;
  const often = async (everyMs: number, work: () => Promise<void>): Promise<void> => {
    for (;;) {
      await process.sleep(everyMs * random.between(0.8, 1.2));
      await faultsOnly(world, work());
    }
  };
  void often(2_000, async () => {
    const ids = [...new Set(heard.splice(0))];
    if (ids.length > 0) await drain(deps, ids);
  });
  void often(20_000, () => compactSome(world, process));
  void often(60_000, () => sweep(deps));
  void often(60_000, () => takeDeadLetters(process));
  void often(random.pick([20_000, 150_000]), () => collectAll(deps));
};

/** Starts the service: two processes that answer, three that commit, two that keep house. */
export const startService = (world: World): Service => {
  const { scheduler } = world;
  const slots: { process: Process; front: Front | undefined }[] = [];
  const wakers = new Set<() => void>();
  const heard: string[] = [];
  let isStopped = false;
  const hearing: Hearing = {
    queued: () => {
      for (const wake of wakers) wake();
    },
    settled: (ids) => {
      heard.push(...ids);
      for (const { process } of slots) process.hear(ids);
    },
  };
  const idle = (process: Process) => (): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        wakers.delete(wake);
        if (process.isAlive()) resolve();
      };
      wakers.add(wake);
      void process.sleep(process.random.between(500, 5_000)).then(wake);
    });
  const begin = (role: string, index: number): void => {
    const process = startProcess(world, `${role} ${index}`, hearing);
    slots[index] = { process, front: role === "front" ? frontOf(world, process) : undefined };
    process.whenKilled(() => {
      const downMs = world.random.between(50, 5_000);
      if (!isStopped) scheduler.after(downMs, () => !isStopped && begin(role, index));
    });
    if (role === "worker") void workOn(world, process, { run: commitBatch, wait: idle(process) });
    if (role === "house") keepHouse(world, process, heard);
  };
  for (const [index, role] of ["front", "front", "worker", "worker", "worker", "house", "house"].entries())
    begin(role, index);
  const processes = (): readonly Process[] => slots.map(({ process }) => process);
  const restart = (): void => {
    for (const process of processes()) process.kill();
  };
  return {
    fronts: [0, 1].map((index) => ({ current: () => slots[index]!.front! })),
    processes,
    restart,
    stop: () => {
      isStopped = true;
      restart();
    },
  };
};

/** Kills, freezes, throttles and breaks, now and then, until nothing is faulty any more. */
export const startTroubles = async (world: World, { processes }: Service): Promise<void> => {
  const random = world.random.fork();
  const { scheduler } = world;
  while (world.faulty) {
    await scheduler.sleep(random.between(1_000, 20_000));
    const victim = random.pick(processes());
    if (victim.isAlive() && world.strikes("crash at any moment")) victim.kill();
    if (world.strikes("frozen: goes on after a long time, as if nothing was"))
      victim.freeze(random.between(2_000, 120_000));
    if (world.strikes("throttled for a time, for all", 0.3))
      world.throttledUntil = scheduler.now() + random.between(500, 30_000);
    if (random.chance(0.1) && world.strikes("outage: the commit function cannot start"))
      world.outageUntil = scheduler.now() + random.between(1_000, 600_000);
  }
};
