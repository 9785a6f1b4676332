import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { drain } from "../../functions/drain.ts";
import { sweep } from "../../functions/sweep.ts";
import { isFault } from "../../shared/errors.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Command } from "../../shared/record/command.ts";
import { anOperation } from "./an-operation.ts";
import { createCommand, putCommand, type WritePath } from "./write-path.ts";

/** What a caller asks for, in order: creates, writes, a stale write that is refused, and one more write. */
const script: readonly Command[] = [
  createCommand({ identifiers: [{ system: "urn:example:mrn", value: "1" }] }),
  putCommand("notes/a.md", "one\n"),
  putCommand("notes/b.md", "two\n"),
  putCommand("notes/a.md", "stale\n", "0".repeat(40)),
  putCommand("notes/c.md", "three\n"),
];

/** The same in all runs, so that their trees are. */
const patientId = "6f0b3c1e-4b0a-4d7a-9b51-0d2f6a1c7e11";

const mostTurns = 300;

/** Repeats what a fault of the store ended, as a caller with its Idempotency-Key or a worker's loop does. */
const persist = async (work: () => Promise<void>): Promise<void> => {
  for (let turn = 0; turn < mostTurns; turn++) {
    try {
      return await work();
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

const submitAll = async (path: WritePath): Promise<Operation[]> => {
  const operations: Operation[] = [];
  for (const command of script) {
    const operation = anOperation({ id: randomUUID(), patientId, command: command.type });
    const payload = Buffer.from(JSON.stringify(command));
    const { id, attempt } = operation;
    await persist(async () => {
      const { created } = await path.engine.intake.submit({ operation, payload });
      if (!created) await path.engine.intake.send({ operationId: id, patientId, attempt });
    });
    operations.push(operation);
  }
  return operations;
};

const isEnded = async (path: WritePath, ids: readonly string[]): Promise<boolean> => {
  const rows = await path.engine.operations.get(ids);
  return rows.every((row) => row !== undefined && row.state !== "queued");
};

const treesOf = async (path: WritePath): Promise<readonly string[]> => {
  const log = await path.deps.records.log(patientId, { limit: 100 });
  const commits = (log?.items ?? []).toReversed();
  const versions = await Promise.all(commits.map(({ oid }) => path.deps.records.at(patientId, { commit: oid })));
  return versions.map((version) => version?.tree.root.oid ?? "none");
};

/** Runs the script to its end, and drains and sweeps after it. */
export const runScript = async (path: WritePath) => {
  const operations = await submitAll(path);
  const ids = operations.map(({ id }) => id);
  for (let turn = 0; ; turn++) {
    await persist(() => deliver(path));
    let done = false;
    await persist(async () => {
      done = await isEnded(path, ids);
    });
    if (done) break;
    if (turn === mostTurns) throw new Error("the operations do not end");
    await sleep(200);
  }
  await persist(() => drain(path.deps, ids));
  await persist(() => sweep(path.deps));
  const rows = await path.engine.operations.get(ids);
  const place = (id: unknown): number => ids.indexOf(String(id));
  const effects = path.lines.filter(({ event }) => event === "record.changed");
  return {
    states: rows.map((row) => row?.state),
    problems: rows.map((row) => row?.problem?.code ?? null),
    history: (await path.history(patientId)).map(place),
    trees: await treesOf(path),
    effects: [...new Set(effects.map(({ fields }) => place(fields["operationId"])))].toSorted((a, b) => a - b),
    pending: await path.engine.effects.pending(10),
    payloads: (await path.engine.payloads.listOlder("2100-01-01T00:00:00.000Z", { limit: 10 })).items,
    owner: (await path.engine.summaries.find({ limit: 10, identifier: { system: "urn:example:mrn", value: "1" } }))
      .items.length,
  };
};
