import type { DynamoDBStreamEvent } from "aws-lambda";
import { followSettled, sendEffects } from "../../../functions/drain.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/** Woken by rows that changed, most of them by their settle, and by what is put into the outbox, whose keys are others. */
export const handler = async ({ Records }: DynamoDBStreamEvent): Promise<void> => {
  const rows = Records.flatMap(({ dynamodb }) => dynamodb?.Keys?.["id"]?.S ?? []);
  await followSettled(deps, rows);
  if (rows.length < Records.length) await sendEffects(deps);
};
