import { setTimeout as sleep } from "node:timers/promises";
import type { PatientId } from "../../../shared/operation.ts";
import { type Copied, copyRecord, type Copying } from "./copy-record.ts";
import { NotCopied } from "./not-copied.ts";
import { countPatients, patientsOf } from "./patients-of.ts";

export interface CopyOptions {
  /** Patients side by side. */
  readonly concurrency: number;
  /** Told after each patient. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Before patients that met something passing are tried again, ms. */
  readonly pauseMs?: number;
}

export interface CopyReport {
  readonly patients: number;
  /** Patients of whom something was written. */
  readonly copied: number;
  readonly operations: number;
  readonly segments: number;
  readonly notCopied: readonly { readonly patientId: PatientId; readonly why: string }[];
  /** Effects that the source has not sent yet, counted up to 100: they stay there. */
  readonly effectsLeft: number;
}

/** How often a patient is tried that is written to, or whose identifier another patient is about to give up. */
const mostTries = 4;
const usualPauseMs = 1_000;
const mostEffects = 100;

type Outcome = Copied | NotCopied;

const tryOne = async (copying: Copying, patientId: PatientId): Promise<Outcome> => {
  try {
    return await copyRecord(copying, patientId);
  } catch (cause) {
    if (cause instanceof NotCopied) return cause;
    throw cause;
  }
};

/** Works through a list, several at a time: each takes the next one. */
const sideBySide = async (
  patients: AsyncIterator<PatientId>,
  concurrency: number,
  work: (patientId: PatientId) => Promise<void>,
): Promise<void> => {
  const takeTurns = async (): Promise<void> => {
    for (let next = await patients.next(); next.done !== true; next = await patients.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, takeTurns));
};

async function* each(patients: readonly PatientId[]): AsyncGenerator<PatientId> {
  yield* patients;
}

const tally = () => {
  const sum = { patients: 0, copied: 0, operations: 0, segments: 0 };
  const refused = new Map<PatientId, NotCopied>();
  return {
    sum,
    refused,
    add: (patientId: PatientId, outcome: Outcome): void => {
      if (outcome instanceof NotCopied) return void refused.set(patientId, outcome);
      refused.delete(patientId);
      const { head, operations, segments } = outcome;
      sum.copied += head || operations > 0 ? 1 : 0;
      sum.operations += operations;
      sum.segments += segments;
    },
    /** Those that may go well now. */
    passing: (): PatientId[] => [...refused].flatMap(([patientId, { passing }]) => (passing ? [patientId] : [])),
  };
};

const oneAtATime = (): NonNullable<Copying["inTurn"]> => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
};

/**
 * Copies every patient, several side by side; one that cannot be copied keeps no other from it. Whoever met something
 * passing is tried again at the end.
 */
export const copyRecords = async (places: Copying, options: CopyOptions): Promise<CopyReport> => {
  const copying = { ...places, inTurn: oneAtATime() };
  const { concurrency, onProgress, pauseMs = usualPauseMs } = options;
  const { sum, refused, add, passing } = tally();
  const total = await countPatients(copying.from);
  await sideBySide(patientsOf(copying.from), concurrency, async (patientId) => {
    add(patientId, await tryOne(copying, patientId));
    sum.patients += 1;
    onProgress?.(sum.patients, Math.max(total, sum.patients));
  });
  for (let tries = 1; tries < mostTries && passing().length > 0; tries += 1) {
    await sleep(pauseMs);
    await sideBySide(each(passing()), concurrency, async (patientId) => {
      add(patientId, await tryOne(copying, patientId));
    });
  }
  const effects = await copying.from.effects.pending(mostEffects);
  return {
    ...sum,
    notCopied: [...refused].map(([patientId, { message }]) => ({ patientId, why: message })),
    effectsLeft: effects.length,
  };
};
