import { availableParallelism } from "node:os";
import { findingKinds, isError, type Finding } from "../../functions/doctor/finding.ts";
import { verdictText } from "./check.ts";
import { perSecond, type SoakResult } from "./soak-run.ts";

/** Least share of the undisturbed throughput, or of the machine, that kills may leave. */
const leastRatio = 0.8;
/** From this share of the CPU on that others had, throughput says more of them than of the kills. */
const mostOthers = 0.1;

const cores = availableParallelism();

/** Rounded down: what misses a limit by little must not look as if it met it. */
const percent = (share: number): string => `${Math.floor(share * 100)} %`;

/** CPU time that the machine has in so many seconds, ms. */
const allMs = (seconds: number): number => seconds * 1_000 * cores;

/**
 * `ratio`: throughput with kills, of the undisturbed. `left`: what the CPU time of the kills leaves of a machine that does
 * nothing else; `others`: the share of this one that others had, who make a kill's fixed cost a larger part of the rest.
 */
const figuresOf = ({ undisturbed, disturbed, kills }: SoakResult) => {
  const each = undisturbed.cpuMs / undisturbed.committed;
  const perKill = (disturbed.cpuMs - each * disturbed.committed) / kills;
  return {
    each,
    perKill,
    ratio: perSecond(disturbed) / perSecond(undisturbed),
    left: 1 - (perKill * kills) / allMs(disturbed.seconds),
    others: (undisturbed.othersMs + disturbed.othersMs) / allMs(undisturbed.seconds + disturbed.seconds),
  };
};

/** What was done, and what it cost. */
export const loadText = (result: SoakResult): string => {
  const { undisturbed, disturbed, kills, statuses, verdict, checkSeconds } = result;
  const { each, perKill, ratio, left, others } = figuresOf(result);
  return [
    `committed: ${undisturbed.committed} in ${undisturbed.seconds.toFixed(1)} s undisturbed (${perSecond(undisturbed).toFixed(0)}/s)`,
    `           ${disturbed.committed} in ${disturbed.seconds.toFixed(1)} s with ${kills} kills (${perSecond(disturbed).toFixed(0)}/s): ${percent(ratio)}`,
    `CPU: ${each.toFixed(1)} ms an operation, ${perKill.toFixed(0)} ms a kill, which leaves ${percent(left)} of ${cores} cores; others had ${percent(others)}`,
    `answers: ${JSON.stringify(statuses)}`,
    verdictText(verdict),
    `checked in ${checkSeconds.toFixed(1)} s`,
  ].join("\n");
};

/** A line for each error that the doctor found, and one for all of its notes together. */
export const doctorText = (findings: readonly Finding[]): string => {
  const errors = findings.filter(isError).map(({ kind, patientId, where, detail }) => {
    const subject = [patientId, where].filter((part) => part !== null && part !== "").join(" ");
    return `doctor: error ${kind}: ${subject}: ${detail}`;
  });
  const notes = Object.entries(
    Object.groupBy(
      findings.filter((finding) => !isError(finding)),
      ({ kind }) => kind,
    ),
  );
  const counted = notes.map(([kind, some]) => {
    const { remedy } = findingKinds[kind as Finding["kind"]];
    return `${some.length} ${kind} (${remedy})`;
  });
  return [...errors, `doctor: ${errors.length} errors, notes: ${counted.join(", ") || "none"}`].join("\n");
};

export interface Checked {
  readonly result: SoakResult;
  readonly onAws: boolean;
  /** Undefined: the doctor did not come to a report. */
  readonly findings: readonly Finding[] | undefined;
}

const speedOf = ({ result, onAws }: Checked): { readonly isEnough: boolean; readonly text: string } => {
  const { ratio, left, others } = figuresOf(result);
  const throughput = `${percent(ratio)} of the undisturbed throughput`;
  const limit = `limit ${percent(leastRatio)}`;
  if (onAws) return { isEnough: true, text: `${throughput} (no limit on AWS)` };
  if (others <= mostOthers) return { isEnough: ratio >= leastRatio, text: `${throughput} (${limit})` };
  const busy = `others had ${percent(others)}, so ${throughput} says little`;
  return { isEnough: left >= leastRatio, text: `the kills left ${percent(left)} of the CPU (${limit}; ${busy})` };
};

/** One line: whether all held, and by how much. */
export const verdictLine = (checked: Checked): { readonly passed: boolean; readonly text: string } => {
  const { result, findings } = checked;
  const speed = speedOf(checked);
  const contradictions = result.verdict.findings.length;
  const failed = Object.entries(result.statuses).reduce((sum, [code, n]) => sum + (Number(code) < 500 ? 0 : n), 0);
  const errors = findings?.filter(isError).length;
  const passed = speed.isEnough && contradictions === 0 && failed === 0 && errors === 0;
  const said = [
    speed.text,
    `${contradictions} contradictions`,
    ...(failed === 0 ? [] : [`${failed} requests failed (5xx)`]),
    errors === undefined ? "no report of the doctor" : errors === 0 ? "doctor clean" : `${errors} errors by the doctor`,
  ];
  return { passed, text: `${passed ? "passed" : "FAILED"}: ${said.join(", ")}` };
};
