import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Head, Summary } from "../../shared/head.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";
import { pagesOf } from "../../functions/pages.ts";
import { copyRecords } from "../../infra/local/copy/copy-records.ts";
import { openSqlite } from "./engines.ts";
import { createCommand, openWritePath, putCommand, type WritePath } from "./write-path.ts";

/** The write path on the embedded engine of a data folder, with small tails, so that there are sealed segments. */
export const openClinicIn = async (folder: string): Promise<WritePath> =>
  openWritePath(await openSqlite({ maxReceiveCount: 1_000, tailBytes: 4_096, file: join(folder, "casenotes.db") }));

/** A patient with an identifier, so many notes and one refused change. */
export const aPatientWith = async (path: WritePath, notes: number): Promise<string> => {
  const id = randomUUID();
  await path.submit(id, createCommand({ identifiers: [{ system: "urn:example:mrn", value: id }] }));
  await path.deliverAll();
  await addNotes(path, id, notes);
  await path.submit(id, putCommand("notes/none.md", "x", "0".repeat(40)));
  await path.deliverAll();
  return id;
};

/** New notes, delivered six at a time. */
export const addNotes = async (path: WritePath, id: string, notes: number): Promise<void> => {
  for (let n = 0; n < notes; n++) {
    await path.submit(id, putCommand(`notes/${randomUUID()}.md`, `note ${n} of ${id}\n`.repeat(1 + (n % 30))));
    if (n % 6 === 5) await path.deliverAll();
  }
  await path.deliverAll();
};

/** Sets a patient's newest operation aside for a person, with its payload. */
export const park = async (path: WritePath, operation: Operation): Promise<void> => {
  const { id: operationId, attempt } = operation;
  const outcome = { operationId, attempt, commit: null, resource: null, etag: null, problem: null } as const;
  await path.engine.operations.park({ ...outcome, state: "parked", settledAt: new Date(path.now()).toISOString() });
};

/** All that an engine holds of a patient, the fencing number apart. */
export interface Holding {
  readonly head: Omit<Head, "epoch"> | undefined;
  readonly segments: Readonly<Record<string, string>>;
  readonly operations: readonly Operation[];
  readonly summary: Summary | undefined;
}

const held = async (engine: Engine, patientId: string): Promise<Holding> => {
  const { epoch: _epoch, ...head } = (await engine.heads.read(patientId)) ?? { epoch: 0 };
  const segments: Record<string, string> = {};
  for (const id of Object.keys("packs" in head ? head.packs : {}))
    segments[id] = Buffer.from(await engine.segments.get(patientId, id)).toString("base64");
  const operations: Operation[] = [];
  for await (const one of pagesOf((page) => engine.operations.list({ patientId, ...page }))) operations.push(one);
  const summary = await engine.summaries.get(patientId);
  return { head: "commit" in head ? head : undefined, segments, operations, summary };
};

/** What an engine holds of these patients, for comparison with another. */
export const holdings = async (engine: Engine, patients: readonly string[]): Promise<Record<string, Holding>> => {
  const all: Record<string, Holding> = {};
  for (const id of patients) all[id] = await held(engine, id);
  return all;
};

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One that succeeded; in a comparison with another, all that the other said is shown. */
export const succeeded: Ended = { code: 0, signal: null, stdout: expect.any(String), stderr: expect.any(String) };

/** As the service itself does it: making JavaScript of its modules is most of a process's start. */
const compiled = fileURLToPath(new URL("../../.cache/compile", import.meta.url));

/** Runs a module of ours as its own process. */
export const runModule = async (
  module: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> => {
  const path = fileURLToPath(new URL(`../../${module}`, import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...args], {
    env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: compiled, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, stdout, stderr };
};

const place = (text: string): string => (text === "aws" ? text : `embedded:${text}`);

/** `npm run copy` between data folders and `aws`. */
export const runCopy = (from: string, to: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  return runModule("infra/local/commands/copy.ts", ["--from", place(from), "--to", place(to)], env);
};

/** The next writer gets a fencing number that neither place has used. */
export const expectLaterEpochs = async (from: Engine, to: Engine, patients: readonly string[]): Promise<void> => {
  for (const id of patients) {
    const before = (await from.heads.read(id))?.epoch ?? 0;
    expect((await to.heads.read(id))?.epoch ?? 0).toBeGreaterThanOrEqual(before);
  }
};

/** A source with a write path, and an empty destination, both in memory. */
export const twoEngines = async () => {
  const under = await openSqlite({ maxReceiveCount: 1_000, tailBytes: 4_096 });
  const source = await openWritePath(under);
  const there = await openSqlite({ maxReceiveCount: 1_000 });
  const { engine } = there;
  const to = { engine, adoption: engine.adoption };
  const copy = (over: Partial<Engine> = {}, concurrency = 3) =>
    copyRecords({ from: { ...source.engine, ...over }, to }, { concurrency, pauseMs: 1 });
  return { under, source, there, copy };
};
