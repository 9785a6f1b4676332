import type { DynamoDBStreamEvent } from "aws-lambda";
import { compactAll, compactPatients } from "../../../functions/compact-all.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/**
 * Woken by seals: each puts the deletion of the tails it replaced into the outbox, whose stream's filter lets only those
 * through. The schedule's event carries no records: then it looks at everybody.
 */
export const handler = async ({ Records }: Partial<DynamoDBStreamEvent>): Promise<void> =>
  Records === undefined
    ? compactAll(deps)
    : compactPatients(deps, new Set(Records.flatMap(({ dynamodb }) => dynamodb?.NewImage?.["p"]?.S ?? [])));
