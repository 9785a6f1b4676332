import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { awsVariables, exportLines, readAwsSettings } from "../../../infra/local/aws-settings.ts";

const names = {
  tables: {
    heads: "a-heads",
    operations: "a-operations",
    payloads: "a-payloads",
    effects: "a-effects",
    summaries: "a-summaries",
    identifiers: "a-identifiers",
  },
  bucket: "a-segments",
  queueUrl: "http://127.0.0.1:4566/000000000000/a.fifo?b=1&c=$d",
  deadLetterQueueUrl: "http://127.0.0.1:4566/000000000000/a-dead.fifo",
};

/** The environment of a program that bash starts after these lines. */
const environmentAfter = (lines: string): Record<string, string> => {
  const script = `${lines}exec "$0" -p 'JSON.stringify(process.env)'`;
  return JSON.parse(execFileSync("bash", ["-c", script, process.execPath], { encoding: "utf8", env: {} }));
};

test("the lines that export the names of the AWS engine set in bash what the settings are read from", () => {
  const endpoint = "http://127.0.0.1:4566";
  const environment = environmentAfter(exportLines({ ...awsVariables(names), AWS_ENDPOINT_URL: endpoint }));
  const problems: string[] = [];
  expect(readAwsSettings(environment, problems)).toEqual({ names, endpoint });
  expect(problems).toEqual([]);
});
