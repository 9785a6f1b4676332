import type { CopyReport } from "./copy-records.ts";

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/** One line of figures. */
export const reportText = ({ patients, copied, operations, segments, notCopied }: CopyReport, ms: number): string => {
  const same = patients - copied - notCopied.length;
  const written = `${counted(operations, "operation")} and ${counted(segments, "segment")} written`;
  const counts = `${copied} copied, ${same} there already, ${notCopied.length} not copied`;
  return `${counted(patients, "patient")}: ${counts}; ${written}; ${(ms / 1_000).toFixed(1)} s\n`;
};

/** A line for each patient that was not copied, and what the source still has to do; empty when all is well. */
export const complaints = ({ notCopied, effectsLeft }: CopyReport): string => {
  const lines = notCopied.map(({ patientId, why }) => `${patientId} is not copied: ${why}.`);
  if (notCopied.length > 0) lines.push("Run the same command again when the causes are gone.");
  if (effectsLeft > 0)
    lines.push("The source has effects that were not sent: they stay there, so start the service on it once more.");
  return lines.map((line) => `${line}\n`).join("");
};
