import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineAll, type DoctorOptions, type Report } from "../../functions/doctor/examine-all.ts";
import { isError } from "../../functions/doctor/finding.ts";
import { drain } from "../../functions/drain.ts";
import { openSqlite, type SqliteUnderTest } from "./engines.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "./write-path.ts";

type Value = string | number | null | Uint8Array;

/** Kinds of a report's errors, each once. */
export const errorsOf = ({ findings }: Report): string[] => [
  ...new Set(findings.filter(isError).map(({ kind }) => kind)),
];

/** Kinds of all findings, each once. */
export const kindsOf = ({ findings }: Report): string[] => [...new Set(findings.map(({ kind }) => kind))];

/** Two patients whose records the write path made, and a doctor for them. */
export interface Clinic extends AsyncDisposable {
  readonly path: WritePath;
  readonly engine: SqliteUnderTest["engine"];
  readonly patients: readonly [string, string];
  /** Changes rows past the ports. */
  sql(text: string, ...values: readonly Value[]): void;
  rows(text: string, ...values: readonly Value[]): Record<string, Value>[];
  examine(over?: Partial<DoctorOptions>): Promise<Report>;
}

/** Some notes come, change and go; one change is refused. */
const aRecordOf = async (path: WritePath, commits: number): Promise<string> => {
  const id = randomUUID();
  const identifiers = [{ system: "urn:example:mrn", value: id.slice(0, 8) }];
  await path.submit(id, createCommand({ identifiers }));
  await path.deliverAll();
  let etag: string | null = null;
  for (let n = 1; n < commits; n++) {
    const changing = n % 4 === 0;
    const file = changing ? "notes/one.md" : `notes/${n % 3}/a-${n}.md`;
    const { id: operation } = await path.submit(
      id,
      putCommand(file, `note ${n}\n`.repeat(n % 40), changing ? etag : null),
    );
    await path.deliverAll();
    if (changing) ({ etag } = await path.row(operation));
  }
  await path.submit(id, putCommand("notes/none.md", "x", "0".repeat(40)));
  await path.deliverAll();
  return id;
};

export const aClinic = async ({ commits, file = ":memory:" }: { commits: number; file?: string }): Promise<Clinic> => {
  // Small tails, so that there are sealed segments.
  const under = await openSqlite({ maxReceiveCount: 1_000, tailBytes: 4_096, file });
  const path = await openWritePath(under);
  const patients = [await aRecordOf(path, commits), await aRecordOf(path, commits)] as const;
  await drain(
    path.deps,
    (await under.engine.operations.list({ limit: 1_000 })).items.map(({ id }) => id),
  );
  const folder = mkdtempSync(join(tmpdir(), "casenotes-doctor-"));
  const { engine, connections } = under;
  return {
    path,
    engine,
    patients,
    sql: (text, ...values) => void connections.writer.prepare(text).run(...values),
    rows: (text, ...values) => connections.writer.prepare(text).all(...values) as Record<string, Value>[],
    examine: (over = {}) => examineAll({ ports: engine, folder, now: under.now, ...over }),
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
