import { SQSClient, ListQueuesCommand } from "@aws-sdk/client-sqs";
import { awsClients } from "../../functions/aws-clients.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import type { Outputs } from "./cdk.ts";

/** The deployed store in an administrator's hands: `engine`, and one whose messages go straight to the dead letters. */
export const administratorOf = async (endpoint: string, outputs: Outputs) => {
  const { QueueUrls = [] } = await new SQSClient({ endpoint }).send(new ListQueuesCommand({}));
  const queue = (part: string): string => QueueUrls.find((url) => url.includes(part)) ?? "";
  const exported = Object.entries(outputs["casenotes-dev-storage"]!);
  const valueOf = (key: string): string => exported.find(([name]) => name.startsWith(key))?.[1] ?? "";
  const tables = Object.fromEntries(
    (Object.keys(tableDefinitions) as TableName[]).map((name) => [name, valueOf(`ExportsOutputRefTables${name}`)]),
  ) as Record<TableName, string>;
  const names = {
    tables,
    bucket: valueOf("ExportsOutputRefBucket"),
    queueUrl: queue("Operations"),
    deadLetterQueueUrl: queue("DeadLetters"),
  };
  const open = (queueUrl: string) =>
    openAwsEngine({ clients: awsClients({ endpoint }), names: { ...names, queueUrl } });
  return { engine: open(names.queueUrl), intoDeadLetters: open(names.deadLetterQueueUrl) };
};
