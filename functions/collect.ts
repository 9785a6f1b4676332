import { hash } from "node:crypto";
import type { PatientId } from "../shared/operation.ts";
import { collectPatient } from "./collect-patient.ts";
import { openRound, type Round } from "./collect-round.ts";
import type { Dependencies } from "./dependencies.ts";
import { inLanes } from "./in-lanes.ts";
import { throwFields } from "./throw-fields.ts";

const pageSize = 100;

/** Patients at a time. */
const lanes = 8;

/**
 * A patient who does not change is visited in one of so many rounds: not every writer that fails is followed by a commit, and
 * clocks may be wrong by more than is allowed for.
 */
export const restRounds = 30;

/** Patients who fail before the rest is left to the next call: a store that is down fails all of them. */
const mostFailures = 20;

export interface CollectOptions {
  /** After this time no page is begun, ms since the epoch; the next call goes on there. */
  readonly stopAt?: number;
  /** A round is begun so long after the one before was, ms; until then there is nothing to do. */
  readonly apartMs?: number;
}

interface Page {
  readonly patients: readonly PatientId[];
  readonly round: Round;
  readonly again: ReadonlySet<PatientId>;
}

interface Visit {
  /** Whether the next round must come again, whatever else it visits. */
  readonly leaves: boolean;
  readonly failure?: unknown;
}

const isDue = (patientId: PatientId, round: number): boolean =>
  Number.parseInt(hash("sha1", patientId).slice(0, 8), 16) % restRounds === round % restRounds;

/**
 * Whether there may be garbage: something was left to do, the record changed since the round before (garbage is made by
 * writers), it has no commit (one was refused), or it is its turn.
 */
const isVisited = async ({ engine }: Dependencies, patientId: PatientId, { round, again }: Page): Promise<boolean> => {
  if (round.since === null || again.has(patientId) || isDue(patientId, round.number)) return true;
  const head = await engine.heads.read(patientId);
  if (head === undefined) return false;
  return head.updatedAt === null || Date.parse(head.updatedAt) >= round.since;
};

const visit = async (deps: Dependencies, patientId: PatientId, page: Page): Promise<Visit> => {
  try {
    if (!(await isVisited(deps, patientId, page))) return { leaves: false };
    const { seen, unsure = [] } = await collectPatient(deps, patientId, page.round.id);
    return { leaves: seen.length + unsure.length > 0 };
  } catch (failure) {
    deps.log("error", "record.collection-failed", { patientId, ...throwFields(failure) });
    return { leaves: true, failure };
  }
};

/** Visits a page of patients, several at a time. Returns what the round has come to, and what went wrong. */
const visitPage = async (deps: Dependencies, { patients, round, again }: Page, next: string | undefined) => {
  const left = new Set(round.left);
  const failures: unknown[] = [];
  await inLanes(lanes, patients.values(), async (patientId) => {
    const { leaves, failure } = await visit(deps, patientId, { patients, round, again });
    if (leaves) left.add(patientId);
    if (failure !== undefined) failures.push(failure);
  });
  const reached: Round = { ...round, after: next ?? null, isDone: next === undefined, left: [...left] };
  return { reached, failures };
};

/**
 * Goes on with the round of collecting that was not finished, or begins one, and visits every patient who may have garbage.
 * What a patient leaves to do is remembered, so that "deleted by the second round that sees it" needs no change of the
 * record. A patient who fails is logged, left to the next round, and the first such error thrown in the end.
 */
export const collectAll = async (
  deps: Dependencies,
  { stopAt = Number.POSITIVE_INFINITY, apartMs = 0 }: CollectOptions = {},
): Promise<void> => {
  const open = await openRound(deps, apartMs);
  if (open === undefined) return;
  let { round } = open;
  const again = new Set(round.again);
  const failures: unknown[] = [];
  while (!round.isDone && deps.now() < stopAt && failures.length < mostFailures) {
    const place = round.after === null ? {} : { after: round.after };
    const { items, next } = await deps.engine.heads.list({ limit: pageSize, ...place });
    const visited = await visitPage(deps, { patients: items, round, again }, next);
    round = visited.reached;
    failures.push(...visited.failures);
    await open.save(round);
  }
  if (failures.length > 0) throw failures[0];
};
