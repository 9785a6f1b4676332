import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "../../functions/drain.ts";
import { sweep } from "../../functions/sweep.ts";
import { isFault } from "../../shared/errors.ts";
import type { EngineUnderTest } from "./engines.ts";
import { type Asked, operationsOf, type Story, watchingEffects } from "./story.ts";
import { openWritePath, type WritePath } from "./write-path.ts";

const mostTurns = 300;

/** Repeats what a fault of the store ended, as a caller with its Idempotency-Key or a worker's loop does. */
const persist = async (work: () => Promise<unknown>): Promise<void> => {
  for (let turn = 0; turn < mostTurns; turn++) {
    try {
      await work();
      return;
    } catch (cause) {
      if (!isFault(cause, "transient", "outcome-unknown")) throw cause;
      await sleep(50);
    }
  }
  throw new Error("a fault that does not end");
};

const deliver = async (path: WritePath): Promise<void> => {
  for (let got = await path.receive(); got.length > 0; got = await path.receive()) await path.run(got);
};

const submit = ({ engine }: WritePath, { operation, command }: Asked): Promise<void> =>
  persist(async () => {
    const { id, patientId, attempt } = operation;
    const { created } = await engine.intake.submit({ operation, payload: Buffer.from(JSON.stringify(command)) });
    if (!created) await engine.intake.send({ operationId: id, patientId, attempt });
  });

/** Delivers until these operations have ended. */
const untilEnded = async (path: WritePath, ids: readonly string[]): Promise<void> => {
  for (let turn = 0; turn < mostTurns; turn++) {
    let done = false;
    await persist(() => deliver(path));
    await persist(async () => {
      const rows = await path.engine.operations.get(ids);
      done = rows.every((row) => row !== undefined && row.state !== "queued");
    });
    if (done) return;
    await sleep(200);
  }
  throw new Error("the operations do not end");
};

/**
 * Delivers once while another writer holds the lease; then the lease has run out. Not until nothing comes: on a slow machine
 * what was put off comes again meanwhile, and what is delivered for the third time is done by other calls.
 */
const deliverInVain = async (path: WritePath, patientId: string): Promise<void> => {
  await path.tamper.setLease(patientId, "another-writer", path.leaseMs * 1.8);
  await persist(async () => path.run(await path.receive()));
  await path.tamper.setLease(patientId, "another-writer", -1);
};

/**
 * Runs a story to its end, each stage by a writer with a cold cache, and drains after it. `withRarities`: another writer
 * holds the lease when the second stage begins; a message comes whose attempt does not count; and it is swept.
 * Returns the write path of the end, and the ids of the effects that were sent.
 */
export const runStory = async (under: EngineUnderTest, story: Story, withRarities: boolean) => {
  const { patientId } = story;
  const sent = new Set<string>();
  const engine = watchingEffects(under.engine, (id) => sent.add(id));
  for (const [number, stage] of story.stages.entries()) {
    const path = await openWritePath({ ...under, engine });
    for (const asked of stage) await submit(path, asked);
    if (withRarities && number === 1) await deliverInVain(path, patientId);
    const ids = stage.map(({ operation }) => operation.id);
    await untilEnded(path, ids);
  }
  const path = await openWritePath({ ...under, engine });
  const ids = operationsOf(story).map(({ id }) => id);
  if (withRarities) await persist(() => path.engine.intake.send({ operationId: ids[0]!, patientId, attempt: 9 }));
  await persist(() => deliver(path));
  await persist(() => drain(path.deps, ids));
  if (withRarities) await persist(() => sweep(path.deps));
  return { path, sent };
};
