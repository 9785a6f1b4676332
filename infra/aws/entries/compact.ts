import type { DynamoDBStreamEvent } from "aws-lambda";
import { compactPatient } from "../../../functions/compact.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

const compactEach = async (patientIds: Iterable<string>): Promise<void> => {
  for (const patientId of patientIds) await compactPatient(deps, patientId);
};

/** A record with few sealed segments costs one read. */
const compactAll = async (): Promise<void> => {
  let after: string | undefined;
  do {
    const page = await deps.engine.heads.list({ limit: 100, ...(after === undefined ? {} : { after }) });
    await compactEach(page.items);
    after = page.next;
  } while (after !== undefined);
};

/**
 * Woken by seals: each puts the deletion of the tails it replaced into the outbox, whose stream's filter lets only those
 * through. The schedule's event carries no records: then it looks at everybody, for what was missed.
 */
export const handler = async ({ Records }: Partial<DynamoDBStreamEvent>): Promise<void> =>
  Records === undefined
    ? compactAll()
    : compactEach(new Set(Records.flatMap(({ dynamodb }) => dynamodb?.NewImage?.["p"]?.S ?? [])));
