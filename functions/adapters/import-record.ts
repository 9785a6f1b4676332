import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { AdoptedHead, Adoption } from "../../shared/adoption.ts";
import { Fault } from "../../shared/errors.ts";
import type { Head, Identifier } from "../../shared/head.ts";
import type { Operation } from "../../shared/operation.ts";
import { calling, isNamed } from "./aws-faults.ts";
import { type AwsStore, shardOf } from "./aws-store.ts";
import { onlyIf } from "./dynamo-names.ts";
import { type HeadItem, storedPacks, storedReplaced } from "./head-item.ts";
import { identifierKey } from "./identifier-key.ts";
import { itemOf, type OperationItem, timeKey } from "./operation-item.ts";
import { putPayload } from "./payload-item.ts";
import { withPayload } from "./row-payload.ts";
import { s3Segments } from "./s3-segments.ts";
import { summaryItem } from "./summary-item.ts";
import { type Action, transact } from "./transaction.ts";

const isAbsent = onlyIf("attribute_not_exists(#id)");
const isAsRead = onlyIf("#st = :st AND #at = :at AND #v = :v");

const rowCondition = (standing: Operation | undefined) =>
  standing
    ? {
        ...isAsRead,
        ExpressionAttributeValues: { ":st": standing.state, ":at": standing.attempt, ":v": standing.version },
      }
    : isAbsent;

/** A payload goes into the row, or before it where it is too large for that. */
const rowOf = async (
  store: AwsStore,
  operation: Operation,
  payload: Uint8Array | undefined,
): Promise<OperationItem> => {
  const row = itemOf(operation);
  if (payload === undefined) return row;
  const whole = withPayload(row, payload);
  if (whole !== undefined) return whole;
  await putPayload(store, { operationId: operation.id, requestHash: operation.requestHash }, payload);
  return { ...row, pa: true };
};

const putOperation = async (
  store: AwsStore,
  { operation, payload, standing }: Parameters<Adoption["putOperation"]>[0],
): Promise<void> => {
  const { clients, names } = store;
  const Item = await rowOf(store, operation, payload);
  const put = new PutCommand({ TableName: names.tables.operations, Item, ...rowCondition(standing) });
  await calling("PutItem operations", async () => {
    try {
      await clients.dynamo.send(put);
    } catch (cause) {
      if (!isNamed(cause, "ConditionalCheckFailedException")) throw cause;
      const facts = { operationIds: [operation.id] };
      throw new Fault("operations-moved", "the operation is not what was read", facts, { cause });
    }
  });
};

const headItem = ({ patientId, commit, commits, epoch, generation, packs, replaced, updatedAt }: Head): HeadItem => ({
  id: patientId,
  s: shardOf(patientId),
  e: epoch,
  ...(generation > 0 && { g: generation }),
  p: storedPacks(packs),
  ...(commit !== null && { c: commit, n: commits, r: storedReplaced(replaced) }),
  ...(updatedAt !== null && { t: timeKey(updatedAt, patientId) }),
});

const sameCounters = onlyIf("#e = :epoch AND #g = :generation");
/** The attribute comes with the first compaction. */
const neverCompacted = onlyIf("#e = :epoch AND (attribute_not_exists(#g) OR #g = :generation)");

const headCondition = (standing: AdoptedHead["standing"]) =>
  standing
    ? {
        ...(standing.generation === 0 ? neverCompacted : sameCounters),
        ExpressionAttributeValues: { ":epoch": standing.epoch, ":generation": standing.generation },
      }
    : isAbsent;

type HeadAction = Action<"head" | "summary" | Identifier>;

const ownedOrFree = onlyIf("attribute_not_exists(#p) OR #p = :patient");

/** One item each; with the 10 identifiers that a record may have before and after it is 22 of the 100 that may be. */
const headActions = ({ names: { tables } }: AwsStore, adopted: AdoptedHead): HeadAction[] => {
  const { head, standing, summary, identifiers } = adopted;
  const guard = { ...ownedOrFree, ExpressionAttributeValues: { ":patient": head.patientId } };
  const keyed = (identifier: Identifier) => ({ TableName: tables.identifiers, id: identifierKey(identifier) });
  return [
    { what: "head", write: { Put: { TableName: tables.heads, Item: headItem(head), ...headCondition(standing) } } },
    ...identifiers.release.map((what): HeadAction => {
      const { TableName, id } = keyed(what);
      return { what, write: { Delete: { TableName, Key: { id }, ...guard } } };
    }),
    ...identifiers.claim.map((what): HeadAction => {
      const { TableName, id } = keyed(what);
      return { what, write: { Put: { TableName, Item: { id, p: head.patientId }, ...guard } } };
    }),
    ...(summary
      ? [{ what: "summary" as const, write: { Put: { TableName: tables.summaries, Item: summaryItem(summary) } } }]
      : []),
  ];
};

const putHead = async (store: AwsStore, adopted: AdoptedHead): Promise<void> => {
  const { patientId } = adopted.head;
  const refused = (await transact(store, headActions(store, adopted))).map(({ what }) => what);
  if (refused.includes("head")) throw new Fault("fenced", "the head is not what was read", { patientId });
  const identifiers = refused.filter((what) => typeof what === "object");
  if (identifiers.length > 0) {
    throw new Fault("identifiers-taken", "identifiers belong to another patient", { identifiers });
  }
};

/** Takes in rows and segments of another engine: each row a conditional put, a head one transaction. */
export const awsAdoption = (store: AwsStore): Adoption => ({
  putSegment: s3Segments(store).put,
  putOperation: (adopted) => putOperation(store, adopted),
  putHead: (adopted) => putHead(store, adopted),
});
