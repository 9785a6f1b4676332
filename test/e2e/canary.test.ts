import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { writePathDefaults } from "../../functions/config.ts";
import { openSqliteEngine } from "../../infra/local/sqlite/open-engine.ts";
import type { Found } from "../support/canary.ts";
import { asItShould, canaryStory, type CanaryStage } from "../support/canary-story.ts";
import { startService } from "../support/service.ts";

const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);

const valuesIn = (file: string, tables: string): readonly Found[] => {
  using database = new DatabaseSync(file, { readOnly: true });
  const named = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND ${tables}`).all();
  return named.flatMap(({ name }) =>
    database
      .prepare(`SELECT * FROM ${name}`)
      .all()
      .flatMap((row) =>
        Object.entries(row).map(([column, value]) => ({ place: `${name}.${column}`, text: textOf(value) })),
      ),
  );
};

const aStage = async (): Promise<CanaryStage & AsyncDisposable> => {
  const accepting = await startService({ args: ["--workers", "0"] });
  const file = join(accepting.data, "casenotes.db");
  const change = (sql: string, ...values: (string | Uint8Array)[]) => {
    using database = new DatabaseSync(file, { timeout: 5_000 });
    return database.prepare(sql).get(...values);
  };
  const options = {
    ...writePathDefaults,
    file,
    now: Date.now,
    random: Math.random,
    newId: randomUUID,
    reach: () => {},
  };
  const engine = await openSqliteEngine(options);
  return {
    accepting,
    engine,
    startCommitting: () => startService({ data: accepting.data, args: ["--workers", "1"] }),
    rows: async () => valuesIn(file, "name <> 'segments'"),
    messages: async () => valuesIn(file, "name LIKE 'queue%'"),
    park: async (id) => void change("UPDATE operations SET state = 'parked' WHERE id = ?", id),
    spoil: async (id, text) => {
      const sql = "UPDATE payloads SET bytes = ? WHERE operation_id = ?";
      const before = change("SELECT bytes FROM payloads WHERE operation_id = ?", id)?.["bytes"] as Uint8Array;
      change(sql, Buffer.from(text), id);
      return async () => void change(sql, before, id);
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await accepting[Symbol.asyncDispose]();
    },
  };
};

/** Where a search needs it; and what callers are told of their own operations: author, refusal and resource. */
const needed = [
  "identifiers.value: identifier",
  "operations.caller_name: caller",
  "operations.problem: path",
  "operations.problem: reason",
  "operations.resource: path",
  "summaries.birth_date: birthDate",
  "summaries.family: family",
  "summaries.summary: birthDate",
  "summaries.summary: family",
  "summaries.summary: given",
  "summaries.summary: identifier",
];

test("nothing private is in logs, queue, answers' headers or refusals, nor in any row that has no need of it", async () => {
  await using stage = await aStage();
  const { rows, ...told } = await canaryStory(stage);
  expect(told).toEqual(asItShould);
  expect(rows).toEqual(needed);
});
