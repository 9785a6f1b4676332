import type { DynamoDBStreamEvent } from "aws-lambda";
import { drain } from "../../../functions/drain.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/** Woken by operations that were settled (the stream's filter lets no others through). */
export const handler = async ({ Records }: DynamoDBStreamEvent): Promise<void> =>
  drain(
    deps,
    Records.flatMap(({ dynamodb }) => dynamodb?.Keys?.["id"]?.S ?? []),
  );
