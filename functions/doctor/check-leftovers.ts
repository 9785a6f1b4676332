import { findGarbage } from "../../shared/git/garbage.ts";
import type { SegmentId } from "../../shared/git/pack-map.ts";
import type { Operation, PatientId } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";
import type { Capture } from "./capture.ts";
import type { Finding, Notebook } from "./finding.ts";
import { pagesOf } from "../pages.ts";

/** Effects looked through for segments that wait for the drain. */
const mostPending = 1_000;
/** Content of a settled operation is deleted within about two minutes; a note is made after five. */
const payloadGraceMs = 5 * 60_000;

export interface GarbageCount {
  readonly segments: number;
  readonly bytes: number;
}

/** Segments whose deletion is in the outbox: a seal's replaced tails, a compaction's sources. */
const waitingForDrain = async ({ effects }: Pick<Engine, "effects">, patientId: PatientId): Promise<Set<SegmentId>> => {
  const pending = await effects.pending(mostPending);
  return new Set(
    pending
      .filter((effect) => effect.kind === "delete-segments" && effect.patientId === patientId)
      .flatMap(({ body }) => (Array.isArray(body["segmentIds"]) ? body["segmentIds"].map(String) : [])),
  );
};

/** Segments that look like garbage now. One that a writer may yet publish is none while an operation waits. */
const candidatesNow = async (
  { operations, segments, heads }: Pick<Engine, "operations" | "segments" | "heads">,
  patientId: PatientId,
): Promise<ReadonlySet<SegmentId>> => {
  const isWriting = (await operations.countQueued(patientId, 1)) > 0;
  const listed = await segments.list(patientId);
  const head = await heads.read(patientId);
  if (head === undefined) return new Set();
  const { dead, unsure } = findGarbage(
    listed.map(({ id }) => id),
    head,
  );
  return new Set(isWriting ? dead : [...dead, ...unsure]);
};

/**
 * Finds and lists the segments that nobody names: left by a writer or a compaction that was overtaken or killed, or
 * by a writer that lost a race for an identifier. Looks twice: a writer or a drain at work leaves some for a moment.
 */
export const findLeftSegments = async (
  engine: Pick<Engine, "effects" | "operations" | "segments" | "heads">,
  { patientId, head, listed }: Capture,
  notes: Notebook,
): Promise<GarbageCount> => {
  const { dead, unsure } = findGarbage(
    listed.map(({ id }) => id),
    head,
  );
  const seen = new Set([...dead, ...unsure]);
  if (seen.size === 0) return { segments: 0, bytes: 0 };
  const waiting = await waitingForDrain(engine, patientId);
  const still = await candidatesNow(engine, patientId);
  const garbage = listed.filter(({ id }) => seen.has(id) && still.has(id) && !waiting.has(id));
  for (const { id, bytes } of garbage) notes.add("garbage", `segment ${id}`, `Nobody names it (${bytes} bytes).`);
  return { segments: garbage.length, bytes: garbage.reduce((sum, { bytes }) => sum + bytes, 0) };
};

/** An operation that waits, or is parked, needs its content to go on. */
export const checkPayloads = async (
  { payloads, operations }: Pick<Engine, "payloads" | "operations">,
  rows: readonly Operation[],
  notes: Notebook,
): Promise<void> => {
  const open = rows.filter(({ state }) => state === "queued" || state === "parked");
  if (open.length === 0) return;
  const contents = await payloads.get(open.map(({ id, requestHash }) => ({ operationId: id, requestHash })));
  const without = open.filter((_, index) => contents[index] === undefined);
  // Settled since the rows were read: then its content is rightly gone.
  const now = await operations.get(without.map(({ id }) => id));
  for (const [index, { id, state }] of without.entries()) {
    const stands = now[index]?.state;
    if (stands === state) notes.add("payload-missing", `operation ${id}`, `It is ${state}, but its content is gone.`);
  }
};

/** Content that outlived its operation, counted by patient. */
export const findLeftPayloads = async (
  { payloads, operations }: Pick<Engine, "payloads" | "operations">,
  now: number,
): Promise<readonly Finding[]> => {
  const before = new Date(now - payloadGraceMs).toISOString();
  const left = new Map<PatientId | null, number>();
  for await (const { operationId, requestHash } of pagesOf((page) => payloads.listOlder(before, page))) {
    const [row] = await operations.get([operationId]);
    const isNeeded = row?.requestHash === requestHash && (row.state === "queued" || row.state === "parked");
    const patientId = row?.patientId ?? null;
    if (!isNeeded) left.set(patientId, (left.get(patientId) ?? 0) + 1);
  }
  return [...left].map(([patientId, count]) => ({
    patientId,
    kind: "payload-left",
    where: "payloads",
    detail: `${count} contents of settled or unknown operations are stored for more than five minutes.`,
  }));
};
