import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Instant, PatientId } from "../../shared/operation.ts";
import { calling } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";
import { namesIn } from "./dynamo-names.ts";

const indexes = { byPatient: "p", byQueued: "q", byParked: "k" } as const;

interface Counted {
  readonly index: keyof typeof indexes;
  readonly patientId: PatientId;
  readonly after?: Instant;
  readonly limit?: number;
}

/** Sorts after every key of this time, and before those of later times: "$" follows the "#" of a key. */
const afterAllAt = (submittedAt: Instant): string => `${submittedAt}$`;

/** Entries of a patient in an index, as many as one query finds: some thousands. */
const count = async (
  { clients, names }: AwsStore,
  { index, patientId, after = "", limit }: Counted,
): Promise<number> => {
  const key = `#${indexes[index]} = :patient AND #t > :after`;
  const query = new QueryCommand({
    TableName: names.tables.operations,
    IndexName: index,
    KeyConditionExpression: key,
    ExpressionAttributeNames: namesIn(key),
    ExpressionAttributeValues: { ":patient": patientId, ":after": afterAllAt(after) },
    Select: "COUNT",
    ...(limit !== undefined && { Limit: limit }),
  });
  return (await calling(`Query ${index}`, () => clients.dynamo.send(query))).Count ?? 0;
};

export const countQueued = (store: AwsStore, patientId: PatientId, limit: number): Promise<number> =>
  count(store, { index: "byQueued", patientId, limit });

/**
 * Whether there are more that came later than are open or parked of them. The indexes may be a moment apart; who is wrong
 * for a moment sends a message again, which is harmless, or asks again a minute later.
 */
export const laterSettled = async (store: AwsStore, patientId: PatientId, after: Instant): Promise<boolean> => {
  const asked = { patientId, after };
  const [all, queued, parked] = await Promise.all([
    count(store, { ...asked, index: "byPatient" }),
    count(store, { ...asked, index: "byQueued" }),
    count(store, { ...asked, index: "byParked" }),
  ]);
  return all > queued + parked;
};
