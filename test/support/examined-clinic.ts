import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineAll, type DoctorOptions, type Report } from "../../functions/doctor/examine-all.ts";
import { openSqlite, type SqliteUnderTest } from "./engines.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "./write-path.ts";

/** Kinds of a report's findings, each once. */
export const kindsOf = ({ findings }: Report): string[] => [...new Set(findings.map(({ kind }) => kind))];

/** Two patients whose records the write path made, and a doctor for them. */
export interface Clinic extends AsyncDisposable {
  readonly path: WritePath;
  readonly engine: SqliteUnderTest["engine"];
  readonly patients: readonly [string, string];
  /** Changes rows past the ports. */
  sql(text: string, ...values: (string | number | null | Uint8Array)[]): void;
  row(text: string, ...values: (string | number)[]): Record<string, unknown>;
  examine(over?: Partial<DoctorOptions>): Promise<Report>;
}

const aRecordOf = async (path: WritePath, commits: number): Promise<string> => {
  const id = randomUUID();
  const identifiers = [{ system: "urn:example:mrn", value: id.slice(0, 8) }];
  await path.submit(id, createCommand({ identifiers }));
  await path.deliverAll();
  for (let n = 1; n < commits; n++) {
    const file = `notes/${n % 3}/a-${n}.md`;
    await path.submit(id, putCommand(file, `note ${n}\n`.repeat(1 + (n % 40))));
    await path.deliverAll();
  }
  // Refused: the file does not exist in this version.
  await path.submit(id, putCommand("notes/none.md", "x", "0".repeat(40)));
  await path.deliverAll();
  return id;
};

/** `commits` for each patient; tails are small, so that there are sealed segments. */
export const aClinic = async ({ commits, file = ":memory:" }: { commits: number; file?: string }): Promise<Clinic> => {
  const under = await openSqlite({ maxReceiveCount: 1_000, tailBytes: 4_096, file });
  const path = await openWritePath(under);
  const patients = [await aRecordOf(path, commits), await aRecordOf(path, commits)] as const;
  const folder = mkdtempSync(join(tmpdir(), "casenotes-doctor-"));
  const { engine, connections } = under;
  return {
    path,
    engine,
    patients,
    sql: (text, ...values) => void connections.synced.prepare(text).run(...values),
    row: (text, ...values) => connections.synced.prepare(text).get(...values) ?? {},
    examine: (over = {}) => examineAll({ ports: engine, folder, now: under.now, ...over }),
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
