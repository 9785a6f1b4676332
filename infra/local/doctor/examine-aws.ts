import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awsClients } from "../../../functions/aws-clients.ts";
import { openAwsEngine } from "../../../functions/aws-engine.ts";
import { examineAll, type DoctorOptions, type Report } from "../../../functions/doctor/examine-all.ts";
import { isError, notebookOf } from "../../../functions/doctor/finding.ts";
import { readAwsSettings, type AwsSettings } from "../aws-settings.ts";
import { missingInAws } from "../check-aws.ts";
import { PlaceUnusable } from "../copy/not-copied.ts";
import type { DoctorArguments } from "./doctor-arguments.ts";
import { withStockGit, type OnProgress } from "./examine-data-folder.ts";

const settingsOf = async (): Promise<AwsSettings> => {
  const problems: string[] = [];
  const settings = readAwsSettings(process.env, problems);
  if (problems.length === 0) problems.push(...(await missingInAws(settings)));
  if (problems.length > 0) throw new PlaceUnusable(problems.join("\n"));
  return settings;
};

/**
 * Examines every record of the AWS engine that the environment names; changes nothing. The data folder is looked at for
 * the signing key only. Throws PlaceUnusable when a table, queue or bucket is missing.
 */
export const examineAws = async (asked: DoctorArguments, onProgress: OnProgress): Promise<Report> => {
  const settings = await settingsOf();
  const engine = openAwsEngine({ clients: awsClients(settings), names: settings.names });
  const folder = await mkdtemp(join(tmpdir(), "casenotes-doctor-"));
  const notes = notebookOf(null);
  const { patients } = asked;
  const options = { ports: engine, folder, now: Date.now, onProgress, ...(patients && { patients }) };
  try {
    const examine = (over: Pick<DoctorOptions, "secondOpinion">) => examineAll({ ...options, ...over });
    const report = await withStockGit(asked, { engine, folder, notes }, examine);
    const findings = [...notes.findings, ...report.findings];
    return { ...report, findings, healthy: !findings.some(isError) };
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};
