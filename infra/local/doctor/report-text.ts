import type { Report } from "../../../functions/doctor/examine-all.ts";
import { findingKinds, isError, type Finding } from "../../../functions/doctor/finding.ts";

const withRemedy = (finding: Finding) => ({ ...finding, ...findingKinds[finding.kind] });

/** The report as one JSON document. */
export const reportJson = ({ healthy, counts, findings }: Report): string =>
  `${JSON.stringify({ healthy, counts, findings: findings.map(withRemedy) }, null, 2)}\n`;

const line = (finding: Finding): string => {
  const { severity, remedy } = findingKinds[finding.kind];
  const subject = [finding.patientId, finding.where].filter((part) => part !== null && part !== "").join(" ");
  return `${severity} ${finding.kind}: ${subject}: ${finding.detail} Remedy: ${remedy}.\n`;
};

const bytesText = (bytes: number): string =>
  bytes < 10_000
    ? `${bytes} B`
    : bytes < 10_000_000
      ? `${Math.round(bytes / 1_000)} kB`
      : `${Math.round(bytes / 1e6)} MB`;

/** One line for each finding, errors last, then what was looked at and the verdict. */
export const reportText = ({ healthy, counts, findings }: Report): string => {
  const { patients, withoutRecord, commits, operations, segments, bytes, garbage } = counts;
  const errors = findings.filter(isError);
  const notes = findings.filter((finding) => !isError(finding));
  const looked =
    `${patients} patients, ${commits} commits, ${operations} operations, ` +
    `${segments} segments (${bytesText(bytes)}), garbage: ${garbage.segments} segments (${bytesText(garbage.bytes)})` +
    `${withoutRecord === 0 ? "" : `, ${withoutRecord} ids without a record`}\n`;
  const verdict = healthy ? "Nothing is wrong.\n" : `${errors.length} things are wrong.\n`;
  return [...notes, ...errors].map(line).join("") + looked + verdict;
};
