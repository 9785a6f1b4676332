import { writeSync } from "node:fs";
import type { SqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import { sqliteOptions } from "./engines.ts";
import { aHeadMove, aPack, aSettlement, anOid, anOutcome, submitted } from "./an-operation.ts";

// A process beside a test: `submit` stores operations of the given patients, `work` commits what is queued. It prints a
// line for each promise that resolved, at once, so that the test knows what must be there after kill -9.
const [role, file = "", ...patientIds] = process.argv.slice(2);

const tell = (...words: readonly string[]): void => {
  writeSync(1, `${words.join(" ")}\n`);
};

const submitForever = async (engine: SqliteEngine): Promise<void> => {
  for (;;) {
    await Promise.all(
      patientIds.map(async (patientId) => {
        const { id } = await submitted(engine, { patientId });
        tell("submitted", id);
      }),
    );
  }
};

const commitGroup = async (engine: SqliteEngine, patientId: string, ids: readonly string[]): Promise<void> => {
  const head = await engine.heads.acquire(patientId, `${process.pid}`);
  const rows = await engine.operations.get(ids);
  const open = rows.filter((row) => row?.state === "queued").map((row) => row!);
  const segment = `${head.commits.toString(36).padStart(6, "0")}w${head.epoch}-x`;
  await engine.segments.put(patientId, segment, Buffer.from(ids.join(" ")));
  const commit = anOid(segment);
  const packs = { put: { [segment]: aPack({ first: head.commits }) }, remove: Object.keys(head.packs) };
  await engine.heads.settle(
    aSettlement(patientId, {
      epoch: head.epoch,
      expected: head.commit,
      head: aHeadMove({ commit, commits: head.commits + open.length, packs }),
      outcomes: open.map((operation) => anOutcome(operation, { commit })),
    }),
  );
  for (const { id } of open) tell("settled", id, patientId, segment);
};

const workForever = async (engine: SqliteEngine): Promise<void> => {
  for (;;) {
    const received = await engine.queue.receive(10);
    if (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const groups = Object.entries(Object.groupBy(received, ({ group }) => group));
    await Promise.all(
      groups.map(async ([patientId, messages = []]) => {
        const ids = messages.map(({ messageId }) => messageId.slice(0, messageId.indexOf("#")));
        await commitGroup(engine, patientId, ids);
        await engine.queue.delete(messages.map(({ receipt }) => receipt));
      }),
    );
  }
};

const engine = await openSqliteEngine(
  sqliteOptions({ file, leaseMs: 20_000, visibilityS: 90, maxReceiveCount: 1_000 }),
);
await (role === "submit" ? submitForever : workForever)(engine);
